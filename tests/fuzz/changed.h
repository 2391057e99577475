/* Changes to the bytes of a sound file, for targets that then open and use it: where a check
 * of its pages lets something through, LMDB crashes. */
#ifndef CORDON_TESTS_FUZZ_CHANGED_H
#define CORDON_TESTS_FUZZ_CHANGED_H

#include <stddef.h>
#include <stdint.h>

struct changed_file {
    void (*make)(const char *path); /* writes the sound file */
    void (*use)(const char *path);
};

/* Write the sound file with changes, each three bytes of place and one that is set, and use
 * it.  The file is made once a process, in a folder that goes with it. */
void changed_file_run(const struct changed_file *file, const uint8_t *data,
                      size_t size);

#endif
