/* One line of the log, made in fixed room: never longer than it, always whole UTF-8. */
#ifndef CDN_SERVER_LOG_LINE_H
#define CDN_SERVER_LOG_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "server/log.h"

struct cdn_log_line {
    enum cdn_log_form format;
    size_t used;
    char text[CDN_LOG_LINE_BYTES];
};

/* Time, level, event and message; a NULL event or message is left out. */
void cdn_log_line_begin(struct cdn_log_line *line, enum cdn_log_form format,
                        int64_t now_ms, cordon_level level, const char *event,
                        const char *message);
/* A field whose value does not fit is cut; one that has no room for its name is left out. */
void cdn_log_line_text(struct cdn_log_line *line, const char *name, const char *value);
void cdn_log_line_number(struct cdn_log_line *line, const char *name, int64_t value);
/* So many thousandths of a unit as a decimal number: 1234 is 1.234. */
void cdn_log_line_milli(struct cdn_log_line *line, const char *name, uint64_t value);
/* End it; text[0..used) is the line with its end. */
void cdn_log_line_end(struct cdn_log_line *line);

#endif
