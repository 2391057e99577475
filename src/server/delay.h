/* How long a queue may let wait: short bursts may fill it, a standing queue may not stay.
 *
 * A queue takes up what comes at once and can be done soon.  Where more comes than can be done, it
 * only fills up, and then everybody waits for as long as it is long, for nothing.  The two are told
 * apart by the least that anybody had to wait in some time: in a burst it is nothing, in a standing queue it is not
 * (CoDel: K. Nichols, V. Jacobson, "Controlling Queue Delay", ACM Queue 2012; for requests:
 * B. Maurer, "Fail at Scale", ACM Queue 2015).
 *
 * While a queue stands it is *pressed*: nobody is let in who would have to wait for longer than
 * about as long as one takes to run (`patience`), and whoever has waited for twice that is
 * not begun any more.  So who is served has been there for about twice as long as the work
 * takes, whatever is offered, and everybody else hears so at once.  It is pressed no more when for one
 * interval nobody had to be refused.
 *
 * Times are the caller's: nothing here reads a clock.
 * Threads: none of its own; the queue's lock guards it. */
#ifndef CDN_SERVER_DELAY_H
#define CDN_SERVER_DELAY_H

#include <stdbool.h>
#include <stdint.h>

/* At least; longer where one takes long. */
#define CDN_DELAY_INTERVAL_NS UINT64_C(100000000)
/* Patience is never less: what is quicker may wait several times over. */
#define CDN_DELAY_LEAST_NS UINT64_C(500000)
/* So many times that: who would have to wait for longer is not let in, and who did is not begun. */
#define CDN_DELAY_WAITS 1u
#define CDN_DELAY_LATE  2u

struct cdn_delay {
    unsigned threads;
    uint64_t mean_ns;  /* what one takes to run, lately */
    uint64_t ends_ns;  /* of this interval; 0: none has begun */
    uint64_t least_ns; /* that anybody waited in it; UINT64_MAX: nobody was begun */
    bool refused;      /* somebody in it */
    bool pressed;
};

void cdn_delay_init(struct cdn_delay *delay, unsigned threads);

/* May one more wait, behind `waiting` others? */
bool cdn_delay_admits(struct cdn_delay *delay, uint64_t now_ns, unsigned waiting);
/* One that has waited so long is to be begun.  False: it is too late for it. */
bool cdn_delay_begins(struct cdn_delay *delay, uint64_t now_ns, uint64_t waited_ns);
/* One took so long to run. */
void cdn_delay_ran(struct cdn_delay *delay, uint64_t took_ns);

#endif
