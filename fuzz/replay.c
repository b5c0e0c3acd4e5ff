/* Run a fuzz target over files, and over all files of folders, in an ordinary build:
 * corpora, with every past crash in them, are part of the test run.
 *
 *     replay_NAME PATH...
 *
 * Exit: 0 all came back, 1 nothing to run, 3 a path could not be read. A broken rule
 * ends the process by a signal; the file in work was named on stderr before. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "target.h"

enum { MAX_PATH = 4096 };

static size_t n_run;

static int run_file(const char *path, size_t n)
{
    FILE *f = fopen(path, "rb");
    uint8_t *p = malloc(n ? n : 1); /* exact: a sanitizer sees a read past the end */
    const int bad = !f || !p || fread(p, 1, n, f) != n;

    if (f)
        fclose(f);
    if (bad) {
        perror(path);
    } else {
        fprintf(stderr, "%s\n", path);
        LLVMFuzzerTestOneInput(p, n);
        n_run++;
    }
    free(p);
    return bad ? 3 : 0;
}

static int run_path(const char *path);

static int run_folder(const char *path)
{
    DIR *d = opendir(path);
    int status = 0;

    if (!d) {
        perror(path);
        return 3;
    }
    for (struct dirent *e = readdir(d); e && status == 0; e = readdir(d)) {
        char inner[MAX_PATH];

        if (e->d_name[0] == '.')
            continue;
        const int n = snprintf(inner, sizeof inner, "%s/%s", path, e->d_name);

        status = n > 0 && n < MAX_PATH ? run_path(inner) : 3;
    }
    closedir(d);
    return status;
}

static int run_path(const char *path)
{
    struct stat info;

    if (stat(path, &info) != 0) {
        perror(path);
        return 3;
    }
    return S_ISDIR(info.st_mode) ? run_folder(path)
                                 : run_file(path, (size_t)info.st_size);
}

int main(int argc, char **argv)
{
    int status = 0;

    for (int i = 1; i < argc && status == 0; i++)
        status = run_path(argv[i]);
    fprintf(stderr, "%zu inputs\n", n_run);
    return status ? status : n_run == 0;
}
