/* Only for onefile/train.py: what LLVM's counting runtime, which Debian compiles for glibc, wants of a program for musl. */
#include <stdarg.h>
#include <stdio.h>

#ifdef LEAVING
/* doctor ends by _exit, and the runtime writes its counts at exit only. */
int __llvm_profile_write_file(void);
void __real__exit(int code);

void __wrap__exit(int code) {
    __llvm_profile_write_file();
    __real__exit(code);
}
#else
int __vfprintf_chk(FILE *stream, int flag, const char *format, va_list rest) {
    (void)flag;
    return vfprintf(stream, format, rest);
}

int __vsnprintf_chk(char *to, size_t size, int flag, size_t room, const char *format, va_list rest) {
    (void)flag, (void)room;
    return vsnprintf(to, size, format, rest);
}
#endif
