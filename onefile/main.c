/* The program: an interpreter with every extension compiled in, whose modules stand at the end of its own file. */
#define _GNU_SOURCE
#include <Python.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

/* A static program has no dynamic linker. These are the functions that doctor asks of ctypes.CDLL(None). */
static const struct {
    const char *name;
    void *at;
} known[] = {
    {"syscall", (void *)syscall}, {"fstatfs", (void *)fstatfs}, {"umount2", (void *)umount2},
    {"unshare", (void *)unshare}, {"mount", (void *)mount},     {"setns", (void *)setns},
    {"prctl", (void *)prctl},     {"klogctl", (void *)klogctl}, {"statx", (void *)statx},
};
static const char *failed;

void *dlopen(const char *name, int flags) {
    (void)flags;
    if (name == NULL) return (void *)known;
    failed = "this program is static and loads no library";
    return NULL;
}

void *dlsym(void *restrict handle, const char *restrict name) {
    (void)handle;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].name, name) == 0) return known[i].at;
    failed = "this program is static and has no such symbol";
    return NULL;
}

int dlclose(void *handle) {
    (void)handle;
    return 0;
}

char *dlerror(void) {
    const char *now = failed;
    failed = NULL;
    return (char *)now;
}

PyMODINIT_FUNC PyInit__core(void);
PyMODINIT_FUNC PyInit__speedups(void);
PyMODINIT_FUNC PyInit__psutil_linux(void);

/* The packer writes the size of the whole file here: a copy that broke off has less. */
static const volatile struct {
    char mark[24];
    uint64_t size;
} whole = {"doctor: size of the file", 0};

#define RUNNING "/proc/self/exe"

/* Writes the path of this file; a chroot without /proc has only the path by which it was executed. */
static int find_self(char *path, size_t size) {
    ssize_t length = readlink(RUNNING, path, size - 1);
    if (length > 0) {
        path[length] = 0;
        /* Removed or replaced since: the kernel still has the program, and leads to it. */
        if (access(path, F_OK) != 0) strcpy(path, RUNNING);
        return 0;
    }
    const char *given = (const char *)getauxval(AT_EXECFN);
    if (given == NULL || strlen(given) >= size) return -1;
    strcpy(path, given);
    if (given[0] == '/') return 0;
    char *absolute = realpath(given, NULL);
    if (absolute == NULL || strlen(absolute) >= size) return -1;
    strcpy(path, absolute);
    free(absolute);
    return 0;
}

static int is_whole(const char *path) {
    struct stat found;
    int handle = open(path, O_RDONLY | O_CLOEXEC);
    if (handle < 0 || fstat(handle, &found) != 0) {
        fprintf(stderr, "doctor: can't read its own file: %s: %s\n", path, strerror(errno));
        return 0;
    }
    close(handle);
    if ((uint64_t)found.st_size == whole.size) return 1;
    fprintf(stderr, "doctor: its own file is %s: %s has %jd bytes of %" PRIu64 ": copy it again and compare its SHA-256\n",
            (uint64_t)found.st_size < whole.size ? "truncated" : "corrupt", path, (intmax_t)found.st_size, whole.size);
    return 0;
}

static void stop_at(PyStatus status) {
    if (PyStatus_Exception(status)) Py_ExitStatusException(status);
}

int main(int argc, char **argv) {
    char path[4096];
    if (find_self(path, sizeof path) != 0) {
        fputs("doctor: can't find its own file: mount /proc, or start it by its path\n", stderr);
        return 3;
    }
    if (!is_whole(path)) return 3;
    PyImport_AppendInittab("msgspec._core", PyInit__core);
    PyImport_AppendInittab("markupsafe._speedups", PyInit__speedups);
    PyImport_AppendInittab("psutil._psutil_linux", PyInit__psutil_linux);

    PyPreConfig before;
    PyPreConfig_InitIsolatedConfig(&before);
    before.utf8_mode = 1;
    before.allocator = PYMEM_ALLOCATOR_MIMALLOC; /* musl's own is slow, and pymalloc leaves it all that is larger than 512 bytes */
    stop_at(Py_PreInitialize(&before));

    PyConfig config;
    PyConfig_InitIsolatedConfig(&config);
    config.site_import = 0;
    config.write_bytecode = 0;
    config.parse_argv = 0;
    config.module_search_paths_set = 1;
    config.use_frozen_modules = 1;
    config.pathconfig_warnings = 0;
    config.install_signal_handlers = 1;
    config.buffered_stdio = 1;
    wchar_t *self = Py_DecodeLocale(path, NULL);
    if (self == NULL) return 3;
    stop_at(PyWideStringList_Append(&config.module_search_paths, self));
    stop_at(PyConfig_SetString(&config, &config.executable, self));
    stop_at(PyConfig_SetString(&config, &config.prefix, L"/"));
    stop_at(PyConfig_SetString(&config, &config.exec_prefix, L"/"));
    stop_at(PyConfig_SetBytesArgv(&config, argc, argv));
    PyStatus started = Py_InitializeFromConfig(&config);
    if (PyStatus_Exception(started)) {
        fprintf(stderr, "doctor: its own file is corrupt: %s: copy it again and compare its SHA-256\n", path);
        Py_ExitStatusException(started);
    }
    PyConfig_Clear(&config);

    PyObject *module = PyImport_ImportModule("doctor_start");
    if (module == NULL) PyErr_Print(); /* a SystemExit leaves here */
    return Py_FinalizeEx() < 0 ? 120 : module == NULL;
}
