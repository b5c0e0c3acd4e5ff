/* See text.h. */
#include "base/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

size_t kao_utf8_length(const unsigned char *s)
{
    const size_t n = s[0] < 0x80                   ? 1
                     : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
                     : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
                     : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
                                                   : 0;

    for (size_t i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0; /* too long a form, a surrogate, past U+10FFFF */
    return n;
}

size_t kao_utf8_cut(const char *s, size_t most)
{
    size_t n = strnlen(s, most + 1);

    if (n <= most)
        return n;
    for (n = most; n > 0 && ((unsigned char)s[n] & 0xc0) == 0x80;)
        n--;
    return n;
}

/* Bytes of the character at s, 0 where there is none or it is a control character. */
static size_t shown_length(const unsigned char *s)
{
    const bool control = *s < 0x20 || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0);

    return control ? 0 : kao_utf8_length(s);
}

bool kao_text_is_clean(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t n = 0;

    while ((n = shown_length(s)) > 0)
        s += n;
    return *s == '\0';
}

char *kao_text_clean(char *text)
{
    for (unsigned char *s = (unsigned char *)text; *s;) {
        const size_t n = shown_length(s);

        if (n)
            s += n;
        else
            *s++ = '?';
    }
    return text;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* An exponent at s, if there is a whole one: "e-12". */
static int exponent_at(const char **s)
{
    const char *p = *s;
    int v = 0;

    if (*p != 'e' && *p != 'E')
        return 0;
    p++;
    const bool minus = *p == '-';

    p += *p == '-' || *p == '+';
    if (!is_digit(*p))
        return 0;
    for (; is_digit(*p); p++)
        v = v < 1000 ? v * 10 + (*p - '0') : v;
    *s = p;
    return minus ? -v : v;
}

bool kao_text_number(const char **s, double *value)
{
    const char *p = *s;
    const bool minus = *p == '-';
    double v = 0;
    int places = 0;
    bool digits = false;

    p += *p == '-' || *p == '+';
    for (; is_digit(*p); p++, digits = true)
        v = v * 10 + (*p - '0');
    if (*p == '.')
        for (p++; is_digit(*p); p++, digits = true) {
            v = v * 10 + (*p - '0');
            places++;
        }
    if (!digits)
        return false;
    const int power = exponent_at(&p) - places;

    /* a quotient of two exact numbers is rounded once, where both are exact */
    v = power < 0 ? v / pow(10, -power) : v * pow(10, power);
    if (!isfinite(v))
        return false;
    *value = minus ? -v : v;
    *s = p;
    return true;
}

char *kao_text_begin(char *text)
{
    return strncmp(text, "\xef\xbb\xbf", 3) == 0 ? text + 3 : text;
}

char *kao_text_trim(char *line)
{
    char *s = line + strspn(line, " \t");
    size_t n = strlen(s);

    while (n > 0 && strchr(" \t\r", s[n - 1]))
        s[--n] = '\0';
    return s;
}

size_t kao_text_fields(char *line, char **fields, size_t most)
{
    const char *gaps = strchr(line, '\t') ? "\t\r" : " \r";
    size_t n = 0;

    for (char *s = line + strspn(line, gaps); *s && n < most;) {
        char *end = s + strcspn(s, gaps);

        fields[n++] = s;
        s = end + strspn(end, gaps);
        *end = '\0';
    }
    return n;
}

void kao_text_drop_brackets(char *text)
{
    char *to = text;
    int depth = 0;

    for (const char *p = text; *p; p++) {
        depth += *p == '(';
        if (depth == 0)
            *to++ = *p;
        depth -= *p == ')' && depth > 0;
    }
    *to = '\0';
}

const char *kao_time_text(int64_t seconds, char to[KAO_TIME_BYTES])
{
    const time_t t = (time_t)seconds;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || !strftime(to, KAO_TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &tm))
        snprintf(to, KAO_TIME_BYTES, "%" PRId64, seconds);
    return to;
}
