#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

struct evp_pkey_st;
struct x509_st;

namespace kp::test {

/// A directory of its own, gone with its owner.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  std::string file(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& text) const;  ///< the file's path

 private:
  std::filesystem::path path_;
};

std::string contents(const std::string& path);  ///< of a file; empty when there is none

/// A certificate authority and what it signed, as PEM files.
class Certificates {
 public:
  struct Leaf {
    std::string cert;  ///< file
    std::string key;   ///< file
  };

  explicit Certificates(const std::string& name = "test CA");
  Certificates(const std::string& name, Certificates& parent);  ///< an intermediate authority
  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  std::string ca() const { return directory_.file("ca.pem"); }
  /// `names` as in an OpenSSL configuration: "DNS:localhost,IP:127.0.0.1". Ends `lasts` from now.
  Leaf issue(const std::string& names, std::chrono::seconds lasts = std::chrono::hours(24),
             const std::string& common_name = "leaf");
  /// A CRL file that names `revoked`. Another one is due `lasts` from now.
  std::string crl(const std::vector<Leaf>& revoked, std::chrono::seconds lasts = std::chrono::hours(24));
  /// The leaf's private key once more, encrypted; the file.
  std::string encrypted_key(const Leaf& leaf, const std::string& password);
  std::string own_key() const { return directory_.file("ca_key.pem"); }  ///< of ca()
  const TemporaryDirectory& directory() const { return directory_; }

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
    void operator()(x509_st* certificate) const;
  };
  using Key = std::unique_ptr<evp_pkey_st, Free>;
  using Certificate = std::unique_ptr<x509_st, Free>;
  Certificate make(evp_pkey_st* key, const std::string& name, const std::string& alternative_names,
                   std::chrono::seconds lasts, bool authority = false);

  TemporaryDirectory directory_;
  Key key_;
  Certificate certificate_;
  int serial_ = 0;
};

}  // namespace kp::test
