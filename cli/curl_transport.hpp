#pragma once

#include <memory>

#include "cli/destination.hpp"
#include "cli/http_transport.hpp"
#include "cli/interrupt.hpp"

namespace switchyard::cli {

/// HttpTransport by libcurl; keeps its connection. Main thread.
class CurlTransport final : public HttpTransport {
 public:
  CurlTransport(Destination destination, Interrupt& interrupt);
  ~CurlTransport() override;
  HttpReply perform(const HttpCall& call) override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace switchyard::cli
