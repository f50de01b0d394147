#pragma once

#include "api/kafka_proxy.h"

namespace kp::api {

/// The parts of parse() that read a spec: one per source file.
void read_spec(const kube::Json& spec, Findings& findings, Spec& out);
void read_upstream(const kube::Json& upstream, Findings& findings, Upstream& out);
void read_downstream(const kube::Json& downstream, Findings& findings, Downstream& out);

void read_http_produce(const kube::Json& http_produce, Findings& findings, HttpProduce& out);
/// What it needs of the other parts, as the CRD's rules have it.
void check_http_produce(const Spec& spec, Findings& findings);

void read_partition_mapping(const kube::Json& partition_mapping, Findings& findings, config::PartitionMapping& out);
/// What stands in its way, as the CRD's rules have it; what its numbers and names must be config::validate knows.
void check_partition_mapping(const Spec& spec, Findings& findings);

void read_tls_rules(Fields& tls, config::TlsRules& out);

/// `fallback`: the key where the reference doesn't say one and may.
std::optional<SecretRef> read_secret_ref(Fields& fields, std::string_view key, Findings& findings,
                                         std::optional<std::string> fallback);

void read_duration(Fields& fields, std::string_view key, std::chrono::milliseconds& out, std::chrono::hours most);

}  // namespace kp::api
