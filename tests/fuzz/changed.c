/* A sound file and its changed copies: see changed.h. */
#include "changed.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

static char folder[64];
static char path[80];
static struct cdn_buf sound;

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void remove_folder(void)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.')
            (void)unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    (void)rmdir(folder);
    cdn_buf_deinit(&sound);
}

static void make_sound(const struct changed_file *file)
{
    snprintf(folder, sizeof(folder), "%s",
             access("/dev/shm", W_OK) ? "/tmp/cordon-fuzz-XXXXXX"
                                      : "/dev/shm/cordon-fuzz-XXXXXX");
    require(mkdtemp(folder) != NULL);
    atexit(remove_folder);
    snprintf(path, sizeof(path), "%s/file.mdb", folder);
    file->make(path);
    require(!cdn_file_read(&sound, path, 1 << 24, NULL));
}

void changed_file_run(const struct changed_file *file, const uint8_t *data, size_t size)
{
    unsigned char *copy;
    FILE *out;

    if (!sound.length)
        make_sound(file);
    copy = malloc(sound.length);
    require(copy != NULL);
    memcpy(copy, sound.data, sound.length);
    for (size_t i = 0; i + 4 <= size; i += 4) {
        size_t at = (size_t)data[i] << 16 | (size_t)data[i + 1] << 8 | data[i + 2];

        copy[at % sound.length] = data[i + 3];
    }
    out = fopen(path, "wb");
    require(out != NULL && fwrite(copy, 1, sound.length, out) == sound.length);
    fclose(out);
    free(copy);
    file->use(path);
}
