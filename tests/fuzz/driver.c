/* Runs a fuzz target over files, for builds without libFuzzer.
 *
 * Each input is handed over in a block of exactly its size, so that a sanitizer sees any
 * read past its end. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *data = NULL;
    long size = -1;
    int result = 1;

    if (!file) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    if (fseek(file, 0, SEEK_END) == 0)
        size = ftell(file);
    rewind(file);
    if (size >= 0)
        data = malloc(size ? (size_t)size : 1);
    if (data && fread(data, 1, (size_t)size, file) == (size_t)size) {
        (void)LLVMFuzzerTestOneInput(data, (size_t)size);
        result = 0;
    } else {
        fprintf(stderr, "%s: cannot be read\n", path);
    }
    free(data);
    fclose(file);
    return result;
}

int main(int argc, char **argv)
{
    int result = argc < 2;

    if (argc < 2)
        fprintf(stderr, "usage: %s FILE...\n", argv[0]);
    for (int i = 1; i < argc; i++)
        result |= run_file(argv[i]);
    if (!result)
        printf("%d inputs\n", argc - 1);
    return result;
}
