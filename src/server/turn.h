/* How long a thread may keep a processor that others wait for.
 *
 * More threads serve than there are processors: a loop that refuses, a worker in the middle of a rule.  Linux gives each of
 * them some milliseconds at a time, which is several times as long as the work takes: whoever is put aside then is
 * late by all of that, and his caller with him.  With shorter turns what is quick is done quickly, at the price of
 * some more changes between threads while there are too many.
 *
 * Source: Documentation/scheduler/sched-eevdf.rst of Linux; custom slices are there since Linux 6.12, and older
 * ones do not mind being asked. */
#ifndef CDN_SERVER_TURN_H
#define CDN_SERVER_TURN_H

/* About what a usual rule takes with its request. */
#define CDN_TURN_NS 300000

/* Let the calling thread have short turns from now on; its policy and niceness stay.  Where the system does not
 * want that, nothing changes. */
void cdn_turn_shorten(void);

#endif
