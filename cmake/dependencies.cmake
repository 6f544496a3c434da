# Every outside library of the tree, found once. Packages come from the distribution; nothing is downloaded.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(LibArchive REQUIRED)
find_package(CURL REQUIRED)
find_package(Boost 1.74 REQUIRED CONFIG COMPONENTS headers)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(ZMQ REQUIRED IMPORTED_TARGET libzmq>=4.3.4)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)

# msgpack-c renamed its package and its target in version 6.
find_package(msgpack-cxx CONFIG QUIET)
if(NOT msgpack-cxx_FOUND)
  find_package(msgpack REQUIRED CONFIG NAMES msgpackc-cxx msgpack PATH_SUFFIXES msgpackc-cxx)
  add_library(msgpack-cxx INTERFACE)
  target_link_libraries(msgpack-cxx INTERFACE msgpackc-cxx)
endif()

# The agent must not depend on a shared libyaml-cpp at run time.
find_library(YAML_CPP_STATIC NAMES libyaml-cpp.a REQUIRED)
add_library(yaml_cpp_static INTERFACE)
target_link_libraries(yaml_cpp_static INTERFACE "${YAML_CPP_STATIC}")

# spdlog and fmt are used header-only, in one translation unit, so that no package pins them.
add_library(spdlog_private INTERFACE)
target_link_libraries(spdlog_private INTERFACE spdlog::spdlog_header_only fmt::fmt-header-only)

if(SWITCHYARD_TESTS OR NOT DEFINED SWITCHYARD_TESTS)
  find_package(GTest REQUIRED)
  find_package(rapidcheck REQUIRED CONFIG)
endif()
