#include "gateway/openapi.h"

#include <nlohmann/json.hpp>

#include "base/version.h"

namespace kp::gateway {
namespace {

using Json = nlohmann::ordered_json;

/// What is there whatever the configuration; limits and logins are added below.
constexpr std::string_view document = R"json({
  "openapi": "3.0.3",
  "info": {"title": "kafkaproxy", "description": "HTTP requests become Kafka records."},
  "paths": {
    "/push": {
      "post": {
        "operationId": "push",
        "summary": "Sends records, each to its own topic.",
        "parameters": [
          {"$ref": "#/components/parameters/wait"},
          {"$ref": "#/components/parameters/results"},
          {"$ref": "#/components/parameters/idempotency"}
        ],
        "requestBody": {
          "required": true,
          "description": "May be compressed: Content-Encoding gzip or zstd.",
          "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Push"}},
            "application/x-ndjson": {"schema": {"$ref": "#/components/schemas/Lines"}}
          }
        },
        "responses": {}
      }
    },
    "/topics/{topic}/records": {
      "post": {
        "operationId": "record",
        "summary": "The body, as it is, becomes the value of one record; of NDJSON each line becomes one.",
        "parameters": [
          {"name": "topic", "in": "path", "required": true, "schema": {"$ref": "#/components/schemas/Topic"}},
          {"$ref": "#/components/parameters/wait"},
          {"$ref": "#/components/parameters/results"},
          {"$ref": "#/components/parameters/idempotency"},
          {"name": "Kafka-Key", "in": "header", "schema": {"type": "string"}},
          {"name": "Kafka-Partition", "in": "header", "schema": {"type": "integer", "minimum": 0, "maximum": 2147483647}},
          {"name": "Kafka-Timestamp", "in": "header", "description": "Milliseconds since 1970.",
           "schema": {"type": "integer", "format": "int64", "minimum": 0, "maximum": 9223372036854775807}}
        ],
        "requestBody": {
          "required": true,
          "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "application/x-ndjson": {"schema": {"$ref": "#/components/schemas/Lines"}}
          }
        },
        "responses": {}
      }
    },
    "/readyz": {
      "get": {
        "operationId": "ready",
        "summary": "Does Kafka answer?",
        "responses": {
          "200": {"$ref": "#/components/responses/Ok"},
          "503": {"$ref": "#/components/responses/Later"}
        }
      }
    },
    "/healthz": {
      "get": {
        "operationId": "healthy",
        "summary": "Does this process?",
        "responses": {"200": {"$ref": "#/components/responses/Ok"}}
      }
    },
    "/openapi.json": {
      "get": {
        "operationId": "openapi",
        "summary": "This document.",
        "responses": {"200": {"description": "OpenAPI 3.0", "content": {"application/json": {"schema": {"type": "object"}}}}}
      }
    }
  },
  "components": {
    "parameters": {
      "wait": {"name": "wait", "in": "query", "description": "Answer when Kafka has confirmed the records.",
               "schema": {"type": "boolean"}},
      "results": {"name": "results", "in": "query", "description": "Answer with partition and offset of each record.",
                  "schema": {"type": "boolean"}},
      "idempotency": {"name": "Idempotency-Key", "in": "header",
                      "description": "A request that is repeated with its key is not carried out again, but answered as before.",
                      "schema": {"type": "string", "maxLength": 255}}
    },
    "schemas": {
      "Topic": {"type": "string", "minLength": 1, "maxLength": 249, "pattern": "^[a-zA-Z0-9._-]+$"},
      "Record": {
        "type": "object",
        "required": ["topic", "data"],
        "properties": {
          "topic": {"$ref": "#/components/schemas/Topic"},
          "data": {"type": "string", "nullable": true, "description": "null is a tombstone."},
          "key": {"type": "string", "nullable": true},
          "partition": {"type": "integer", "format": "int32", "minimum": -1, "maximum": 2147483647, "nullable": true},
          "timestamp": {"type": "integer", "format": "int64", "minimum": 0, "maximum": 9223372036854775807, "nullable": true},
          "headers": {"type": "object", "nullable": true,
                      "additionalProperties": {"type": "string", "nullable": true}},
          "encoding": {"type": "string", "enum": ["text", "base64"],
                       "description": "base64: data, key and headers are bytes in base64."}
        }
      },
      "Push": {
        "type": "object",
        "required": ["records"],
        "properties": {
          "records": {"type": "array", "items": {"$ref": "#/components/schemas/Record"}},
          "wait_for_send": {"type": "boolean", "nullable": true, "default": false}
        }
      },
      "Lines": {"type": "string", "description":
        "A Record a line, of any length, sent on while it comes; for a topic in the path that may be left out. With Idempotency-Key: one request."},
      "Answer": {
        "type": "object",
        "required": ["status", "errors"],
        "properties": {
          "status": {"type": "string", "enum": ["ok", "err"]},
          "errors": {"type": "array", "items": {
            "type": "object",
            "required": ["error", "message"],
            "properties": {
              "error": {"type": "boolean"},
              "message": {"type": "string", "nullable": true},
              "position": {"type": "integer", "description": "The byte of the body."},
              "record": {"type": "integer", "description": "The index of the record."},
              "line": {"type": "integer", "minimum": 1, "description": "The line of NDJSON."}
            }
          }},
          "results": {"type": "array", "items": {
            "type": "object",
            "nullable": true,
            "required": ["partition", "offset"],
            "properties": {"partition": {"type": "integer"}, "offset": {"type": "integer", "nullable": true}}
          }},
          "lines": {"type": "integer", "minimum": 0,
                    "description": "Of NDJSON: so many lines, from the first, were taken, and none of the others."},
          "failed": {"type": "integer", "minimum": 0, "description": "How many of their records Kafka did not take."}
        }
      }
    },
    "responses": {
      "Ok": {"description": "Done.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}},
      "Refused": {"description": "Nothing was sent, of NDJSON only the lines that are told; the same request will not do better.",
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}},
      "Failed": {"description": "One record or more did not get to Kafka: an entry for each in order.",
                 "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}},
      "Later": {"description": "Not now.",
                "headers": {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}},
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}}}
    }
  }
})json";

Json responses() {
  Json all{{"200", {{"$ref", "#/components/responses/Ok"}}}};
  for (const char* const status : {"400", "401", "403", "408", "413", "415", "422", "431"})
    all[status] = {{"$ref", "#/components/responses/Refused"}};
  for (const char* const status : {"409", "429", "503"}) all[status] = {{"$ref", "#/components/responses/Later"}};
  for (const char* const status : {"500", "504"}) all[status] = {{"$ref", "#/components/responses/Failed"}};
  return all;
}

}  // namespace

std::string openapi(const Runtime& runtime) {
  Json all = Json::parse(document);
  all["info"]["version"] = version;
  all["paths"]["/push"]["post"]["responses"] = responses();
  all["paths"]["/topics/{topic}/records"]["post"]["responses"] = responses();
  all["components"]["schemas"]["Push"]["properties"]["records"]["maxItems"] = runtime.most_records();
  Json schemes = Json::object();
  for (const config::HttpLogin login : runtime.http().logins) {
    const char* const name = login == config::HttpLogin::Basic ? "basic" : "bearer";
    schemes[name] = {{"type", "http"}, {"scheme", name}};
  }
  if (schemes.empty()) return all.dump(1);
  all["components"]["securitySchemes"] = schemes;
  Json any = Json::array();
  for (const auto& [name, scheme] : schemes.items()) any.push_back({{name, Json::array()}});
  for (const char* const path : {"/push", "/topics/{topic}/records"}) all["paths"][path]["post"]["security"] = any;
  return all.dump(1);
}

}  // namespace kp::gateway
