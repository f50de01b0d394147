# kp_library(NAME [DEPS ...] [PRIVATE_DEPS ...])
# A folder is a library: all its sources, and the libraries it may know. What is not in DEPS can't be linked, so the
# direction of knowledge in the two ARCHITECTURE.md is what these lists say.
function(kp_library name)
  cmake_parse_arguments(ARG "" "" "DEPS;PRIVATE_DEPS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  if(NOT sources)  # headers only, so far
    add_library(kp_${name} INTERFACE)
    target_include_directories(kp_${name} INTERFACE ${CMAKE_CURRENT_SOURCE_DIR}/..)
    target_link_libraries(kp_${name} INTERFACE ${ARG_DEPS})
    return()
  endif()
  add_library(kp_${name} STATIC ${sources})
  target_include_directories(kp_${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/..)
  target_link_libraries(kp_${name} PUBLIC ${ARG_DEPS} PRIVATE ${ARG_PRIVATE_DEPS})
endfunction()

# kp_unit_test(FOLDER DEPS ...): every tests/unit/FOLDER/*_test.cc in one program.
function(kp_unit_test folder)
  cmake_parse_arguments(ARG "" "" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/unit/${folder}/*.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(unit_${folder} ${sources})
  target_include_directories(unit_${folder} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_compile_definitions(unit_${folder} PRIVATE KP_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_link_libraries(unit_${folder} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  if(KP_SANITIZE MATCHES "undefined")  # watches over the product; over the tests' own code it costs half their build
    target_compile_options(unit_${folder} PRIVATE -O0 -fno-sanitize=undefined)
  endif()
  add_test(NAME unit_${folder} COMMAND unit_${folder})
  set_tests_properties(unit_${folder} PROPERTIES TIMEOUT 300)
endfunction()
