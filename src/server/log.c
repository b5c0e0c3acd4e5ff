/* See log.h. */
#include "server/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/text.h"

enum { LINE = 512 };

void kao_log(const kao_server_options *o, const char *format, ...)
{
    char line[LINE], text[LINE - KAO_TIME_BYTES], when[KAO_TIME_BYTES];
    va_list args;

    if (!o->log)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(line, sizeof line, "%s %s", kao_time_text((int64_t)time(NULL), when),
             text);
    o->log(o->log_user, kao_text_clean(line));
}
