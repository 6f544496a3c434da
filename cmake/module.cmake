# project_module(NAME common SRCS a.cpp b.cpp DEPS other_module LIBS outside::library)
#   One static library per folder. DEPS are modules of the tree (public), LIBS are outside libraries (private, unless
#   a header of the module needs them: then name them in PUBLIC_LIBS).
function(project_module)
  cmake_parse_arguments(M "" "NAME" "SRCS;DEPS;LIBS;PUBLIC_LIBS" ${ARGN})
  add_library(${M_NAME} STATIC ${M_SRCS})
  target_link_libraries(${M_NAME} PUBLIC project_settings ${M_DEPS} ${M_PUBLIC_LIBS} PRIVATE ${M_LIBS})
endfunction()

# project_program(NAME switchyard-agent SRCS main.cpp DEPS agent)
function(project_program)
  cmake_parse_arguments(P "" "NAME" "SRCS;DEPS;LIBS" ${ARGN})
  add_executable(${P_NAME} ${P_SRCS})
  target_link_libraries(${P_NAME} PRIVATE project_settings ${P_DEPS} ${P_LIBS})
  # The shipped programs carry their C++ run-time library: their packages then fit every distribution of that age.
  if(NOT SWITCHYARD_SANITIZE)
    target_link_options(${P_NAME} PRIVATE -static-libstdc++ -static-libgcc)
  endif()
endfunction()

# project_test(NAME unit_common SUITE unit SRCS a_test.cpp DEPS common)
#   One GoogleTest program per module; RapidCheck is there for the properties. The suite is its CTest label.
function(project_test)
  cmake_parse_arguments(T "" "NAME;SUITE;TIMEOUT" "SRCS;DEPS;LIBS" ${ARGN})
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 120)
  endif()
  if(SWITCHYARD_SANITIZE)  # ten times as slow as the others
    math(EXPR T_TIMEOUT "10 * ${T_TIMEOUT}")
  endif()
  add_executable(${T_NAME} ${T_SRCS})
  target_link_libraries(${T_NAME} PRIVATE project_settings ${T_DEPS} ${T_LIBS}
    test_support GTest::gtest_main rapidcheck rapidcheck_gtest)
  add_test(NAME ${T_NAME} COMMAND ${T_NAME})
  set_tests_properties(${T_NAME} PROPERTIES LABELS ${T_SUITE} TIMEOUT ${T_TIMEOUT})
endfunction()
