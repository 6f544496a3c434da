# Compiler settings that every target of the tree shares.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_CURRENT_LIST_DIR}/ccache")
endif()

option(SWITCHYARD_WERROR "Treat warnings as errors" ON)
set(SWITCHYARD_SANITIZE "" CACHE STRING "Sanitizers to build with: address,undefined or thread")

add_library(project_settings INTERFACE)
target_include_directories(project_settings INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_definitions(project_settings INTERFACE
  SWITCHYARD_VERSION="${PROJECT_VERSION}"
  # Boost.Asio and Beast templates are instantiated once, in common/asio.cpp and coordinator/api.
  BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED
  MSGPACK_NO_BOOST)
target_compile_options(project_settings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<BOOL:${SWITCHYARD_WERROR}>:-Werror>
  -fstack-protector-strong
  # Names of files are those of the tree, wherever it stands: builds are reproducible, and ccache serves every checkout.
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
  # g++ 12 reports false positives of these two inside the standard library and Boost headers at -O2.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
target_link_options(project_settings INTERFACE -Wl,-z,relro,-z,now)
# Of libraries and templates a program keeps only what it uses: less to load, and less memory on every host.
target_compile_options(project_settings INTERFACE
  $<$<CONFIG:Release>:-ffunction-sections> $<$<CONFIG:Release>:-fdata-sections>)
target_link_options(project_settings INTERFACE $<$<CONFIG:Release>:-Wl,--gc-sections>)

find_program(MOLD_PROGRAM mold)
if(MOLD_PROGRAM AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 12.1)
  target_link_options(project_settings INTERFACE -fuse-ld=mold)
endif()

if(SWITCHYARD_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Asio's fences are not seen by ThreadSanitizer; it orders what it must by mutexes as well.
  target_compile_options(project_settings INTERFACE -Wno-tsan)
endif()
if(SWITCHYARD_FUZZ)
  # The fuzzer is led by the edges of the code under test: all of it is instrumented, not only the fuzz target.
  target_compile_options(project_settings INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(SWITCHYARD_SANITIZE)
  target_compile_options(project_settings INTERFACE
    -fsanitize=${SWITCHYARD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(project_settings INTERFACE -fsanitize=${SWITCHYARD_SANITIZE})
endif()
