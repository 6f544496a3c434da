// The only file of the agent that includes OpenSSL's TLS.
#include "agent/probes/tls_session.hpp"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "common/file_descriptor.hpp"
#include "common/limits.hpp"

namespace switchyard::agent {
namespace {

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;
using Memory = std::unique_ptr<BIO, decltype(&BIO_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

/// The whole of a file that a plan names: no pipe that is waited for, no device without an end.
std::optional<std::string> read_authorities(const std::string& path, std::string& why) {
  const auto refuse = [&](const std::string& trouble) {
    why = "the certificates in " + path + " cannot be read: " + trouble;
    return std::nullopt;
  };
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return refuse(std::generic_category().message(errno));
  struct stat found {};
  if (::fstat(file.get(), &found) != 0 || !S_ISREG(found.st_mode)) return refuse("it is no file");
  std::string text;
  std::array<char, 16 * 1024> buffer;
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got < 0) return refuse(std::generic_category().message(errno));
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > limits::authorities_bytes_max) return refuse("it is too long");
  }
}

/// Has the context trust the authorities in the file, and nobody else.
bool trust_file(SSL_CTX& context, const std::string& path, std::string& why) {
  const auto text = read_authorities(path, why);
  if (!text) return false;
  const Memory memory(BIO_new_mem_buf(text->data(), static_cast<int>(text->size())), &BIO_free);
  int count = 0;
  while (const Certificate certificate{PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr), &X509_free}) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), certificate.get()) == 1) ++count;
  }
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (count > 0 && at_end) return true;
  why = path + (count == 0 ? " holds no certificate; write those of the authorities into it, as PEM"
                           : " holds something that is no certificate");
  return false;
}

bool trust(SSL_CTX& context, const protocol::TlsDemand& demand, std::string& why) {
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, nullptr);
  if (!demand.authorities.empty()) return trust_file(context, demand.authorities, why);
  if (SSL_CTX_set_default_verify_paths(&context) == 1) return true;
  why = "the authorities that this host trusts cannot be read";
  return false;
}

/// Names the peer that is wanted; with `verify-full` no other is taken.
bool want_host(SSL& session, const std::string& host, bool verify) {
  ASN1_OCTET_STRING* address = a2i_IPADDRESS(host.c_str());
  const bool is_address = address != nullptr;
  ASN1_OCTET_STRING_free(address);
  ERR_clear_error();
  if (!is_address && SSL_set_tlsext_host_name(&session, host.c_str()) != 1) return false;
  if (!verify) return true;
  if (is_address) return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(&session), host.c_str()) == 1;
  SSL_set_hostflags(&session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return SSL_set1_host(&session, host.c_str()) == 1;
}

}  // namespace

void TlsSession::Free::operator()(ssl_st* session) const { SSL_free(session); }

TlsSession::TlsSession(ssl_st* session) : session_(session) {}

std::optional<TlsSession> TlsSession::begin(const protocol::TlsDemand& demand, const std::string& host,
                                            std::string& why) {
  ERR_clear_error();
  const Context context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  const bool verify = demand.mode != protocol::TlsMode::require;
  why = "OpenSSL cannot begin a session";
  if (!context || SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1) return std::nullopt;
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  if (verify && !trust(*context, demand, why)) return std::nullopt;
  TlsSession session(SSL_new(context.get()));
  if (!session.session_) return std::nullopt;
  session.host_ = host;
  session.in_ = BIO_new(BIO_s_mem());
  session.out_ = BIO_new(BIO_s_mem());
  SSL_set_bio(session.session_.get(), session.in_, session.out_);
  SSL_set_connect_state(session.session_.get());
  if (session.in_ == nullptr || session.out_ == nullptr ||
      !want_host(*session.session_, host, demand.mode == protocol::TlsMode::verify_full)) {
    return std::nullopt;
  }
  why.clear();
  return session;
}

std::string TlsSession::trouble() const {
  const long verdict = SSL_get_verify_result(session_.get());
  if (verdict != X509_V_OK && (SSL_get_verify_mode(session_.get()) & SSL_VERIFY_PEER) != 0) {
    const bool other_host = verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH;
    return std::string("its certificate is refused: ") + X509_verify_cert_error_string(verdict) +
           (other_host ? "; it is not that of " + host_ : "");
  }
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason == nullptr ? "it broke TLS off" : std::string("TLS: ") + reason;
}

TlsSession::State TlsSession::state_after(int result, std::string& why) {
  if (result == 1) return State::done;
  if (SSL_get_error(session_.get(), result) == SSL_ERROR_WANT_READ) return State::hungry;
  why = trouble();
  return State::failed;
}

TlsSession::State TlsSession::shake_hands(std::string& why) {
  ERR_clear_error();
  return state_after(SSL_do_handshake(session_.get()), why);
}

TlsSession::State TlsSession::read(std::string& bytes, std::string& why) {
  ERR_clear_error();
  std::array<char, 16 * 1024> buffer;
  std::size_t got = 0;
  const int result = SSL_read_ex(session_.get(), buffer.data(), buffer.size(), &got);
  bytes.assign(buffer.data(), result == 1 ? got : 0);
  if (SSL_get_error(session_.get(), result) == SSL_ERROR_ZERO_RETURN) return State::done;
  return state_after(result, why);
}

bool TlsSession::write(std::string_view bytes, std::string& why) {
  if (bytes.empty()) return true;
  ERR_clear_error();
  std::size_t written = 0;
  if (SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &written) == 1) return true;
  why = trouble();
  return false;
}

void TlsSession::feed(std::string_view encrypted) {
  std::size_t written = 0;
  BIO_write_ex(in_, encrypted.data(), encrypted.size(), &written);
}

std::string TlsSession::take() {
  std::string bytes(BIO_ctrl_pending(out_), '\0');
  std::size_t got = 0;
  if (bytes.empty() || BIO_read_ex(out_, bytes.data(), bytes.size(), &got) != 1) return {};
  bytes.resize(got);
  return bytes;
}

}  // namespace switchyard::agent
