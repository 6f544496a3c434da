#include "coordinator/api/http_message.hpp"

namespace switchyard::api {

std::string_view method_name(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::put:
      return "PUT";
    case Method::post:
      return "POST";
    case Method::delete_:
      return "DELETE";
    case Method::other:
      return "other";
  }
  return "other";
}

Method method_from_name(std::string_view name) {
  for (const Method method : {Method::get, Method::put, Method::post, Method::delete_}) {
    if (method_name(method) == name) return method;
  }
  return Method::other;
}

}  // namespace switchyard::api
