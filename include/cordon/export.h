/* What leaves the library: everything else is hidden, and a test holds us to it. */
#ifndef CORDON_EXPORT_H
#define CORDON_EXPORT_H

#if defined(__GNUC__)
#define CORDON_EXPORT __attribute__((visibility("default")))
#else
#define CORDON_EXPORT
#endif

#endif
