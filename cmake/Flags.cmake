# Flags of every target: warnings (each with the mistake it catches) and hardening.
add_library(rdsbak_flags INTERFACE)
target_include_directories(rdsbak_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(rdsbak_flags INTERFACE _GNU_SOURCE _FILE_OFFSET_BITS=64)
target_compile_options(rdsbak_flags INTERFACE
    -Wall -Wextra
    -Wshadow              # an inner variable hiding an outer one
    -Wstrict-prototypes -Wmissing-prototypes  # a function without a header, or with another signature than its header
    -Wpointer-arith -Wcast-qual -Wwrite-strings
    -Wformat=2            # format strings that are not literals
    -Wundef -Wvla         # a stack that input can size
    -Wunused-result
    -fno-strict-aliasing -fno-omit-frame-pointer)
if(RDSBAK_WERROR)
    target_compile_options(rdsbak_flags INTERFACE -Werror)
endif()
if(RDSBAK_SANITIZE)
    target_compile_options(rdsbak_flags INTERFACE -fsanitize=${RDSBAK_SANITIZE} -fno-sanitize-recover=all)
    target_link_options(rdsbak_flags INTERFACE -fsanitize=${RDSBAK_SANITIZE})
    target_compile_definitions(rdsbak_flags INTERFACE RDSBAK_SANITIZED)
elseif(NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(rdsbak_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif()
if(RDSBAK_FUZZ)
    # The fuzzer sees which branches of the libraries its inputs reach.
    target_compile_options(rdsbak_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
target_compile_options(rdsbak_flags INTERFACE -fstack-protector-strong -fPIE)
target_link_options(rdsbak_flags INTERFACE -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
