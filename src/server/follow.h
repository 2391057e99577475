/* Files that are followed: which of them are others than before.
 *
 * What a file *is* is told by stat(2): device, inode, size and times, links followed.  inotify
 * on the folders they are in only says when it is worth looking, so that a change is seen at
 * once and nothing is missed where there is no inotify (its limits are used up, a network file
 * system): whoever looks now and then sees the same, later.
 *
 * A file that is replaced, changed in place, removed or made is changed; so is one behind a link
 * in its folder that is turned to another (as Kubernetes does).  One that is gone is changed
 * once.
 *
 * Threads: one at a time. */
#ifndef CDN_SERVER_FOLLOW_H
#define CDN_SERVER_FOLLOW_H

#include <stdbool.h>
#include <stddef.h>

#include <cordon/error.h>

struct cdn_follow;

/* Follow these from now on: as they are now is what they are compared with.
 * Ownership: *out is the caller's; cdn_follow_close() it.  The paths are copied.
 * Errors:    CORDON_E_NOMEM. */
cordon_status cdn_follow_open(struct cdn_follow **out, const char *const *paths,
                              size_t count, cordon_error *err);
void cdn_follow_close(struct cdn_follow *follow); /* accepts NULL */

/* Readable when it is worth looking; -1: there is no inotify. */
int cdn_follow_fd(const struct cdn_follow *follow);
/* Look: how many have changed since they were last looked at.  changed[i] of each is set. */
size_t cdn_follow_look(struct cdn_follow *follow);
bool cdn_follow_changed(const struct cdn_follow *follow, size_t index);

#endif
