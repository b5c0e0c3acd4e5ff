/* See plot.h.
 *
 *     (0,0) +------------------------------+
 *           |  title                       |
 *           |   +----------------------+   |  TOP
 *           | y |                      |   |
 *           |   +----------------------+   |
 *           |          tics, label         |
 *           +------------------------------+ (WIDTH, HEIGHT)
 *             LEFT                   RIGHT                     */
#include "eval/plot.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

enum { WIDTH = 560, HEIGHT = 340, LEFT = 62, RIGHT = 16, TOP = 34, BOTTOM = 48 };

bool kao_put(kao_bytes *b, const char *fmt, ...)
{
    char text[1024];
    va_list args;

    va_start(args, fmt);
    const int n = vsnprintf(text, sizeof text, fmt, args);

    va_end(args);
    return n >= 0 && (size_t)n < sizeof text && kao_bytes_add(b, text, (size_t)n);
}

static const char *escape_of(unsigned char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return c < 0x20 || c == 0x7f ? " " : NULL;
    }
}

bool kao_put_text(kao_bytes *b, const char *s)
{
    bool fine = true;

    for (const unsigned char *p = (const unsigned char *)s; *p && fine;) {
        const char *escape = escape_of(*p);
        const size_t n = kao_utf8_length(p);

        if (escape)
            fine = kao_bytes_add(b, escape, strlen(escape));
        else
            fine = n ? kao_bytes_add(b, p, n) : kao_bytes_add(b, "\xef\xbf\xbd", 3);
        p += n ? n : 1;
    }
    return fine;
}

/* ---- places ---- */

static double part(const kao_axis *a, double v)
{
    const double t = a->log ? (log10(v > a->low ? v : a->low) - log10(a->low)) /
                                  (log10(a->high) - log10(a->low))
                            : (v - a->low) / (a->high - a->low);

    return t < 0 ? 0 : t > 1 ? 1 : t;
}

static double at_x(const kao_plot *p, double v)
{
    return LEFT + part(&p->x, v) * (WIDTH - LEFT - RIGHT);
}

static double at_y(const kao_plot *p, double v)
{
    return HEIGHT - BOTTOM - part(&p->y, v) * (HEIGHT - TOP - BOTTOM);
}

/* ---- axes ---- */

static void put_tic(kao_plot *p, const kao_axis *a, double v, const char *text)
{
    kao_bytes *b = p->b;

    if (a == &p->x)
        p->fine = p->fine &&
                  kao_put(b,
                          "<path class=\"grid\" d=\"M%.1f %d V%d\"/><text x=\"%.1f\" "
                          "y=\"%d\" text-anchor=\"middle\">%s</text>",
                          at_x(p, v), TOP, HEIGHT - BOTTOM, at_x(p, v),
                          HEIGHT - BOTTOM + 16, text);
    else
        p->fine =
            p->fine &&
            kao_put(b,
                    "<path class=\"grid\" d=\"M%d %.1f H%d\"/><text x=\"%d\" "
                    "y=\"%.1f\" text-anchor=\"end\">%s</text>",
                    LEFT, at_y(p, v), WIDTH - RIGHT, LEFT - 6, at_y(p, v) + 4, text);
}

static void put_tics(kao_plot *p, const kao_axis *a)
{
    char text[64];

    if (a->log) {
        for (int k = (int)ceil(log10(a->low) - 1e-9); k <= log10(a->high) + 1e-9; k++) {
            snprintf(text, sizeof text,
                     k ? "10<tspan dy=\"-4\" font-size=\"9\">%d</tspan>" : "1", k);
            put_tic(p, a, pow(10, k), text);
        }
        return;
    }
    const double first = ceil(a->low / a->tic - 1e-9) * a->tic;

    for (int i = 0; first + i * a->tic <= a->high + 1e-9 && i < 100; i++) {
        const double v = first + i * a->tic;

        snprintf(text, sizeof text, "%.*f", a->places, fabs(v) < 1e-12 ? 0 : v);
        put_tic(p, a, v, text);
    }
}

void kao_plot_begin(kao_plot *p, const char *title)
{
    p->fine = kao_put(p->b,
                      "<svg viewBox=\"0 0 %d %d\" role=\"img\"><title>%s</title>"
                      "<text class=\"title\" x=\"%d\" y=\"20\">%s</text>",
                      WIDTH, HEIGHT, title, LEFT, title);
    put_tics(p, &p->x);
    put_tics(p, &p->y);
    p->fine =
        p->fine &&
        kao_put(p->b,
                "<path class=\"frame\" d=\"M%d %d V%d H%d\"/><text x=\"%d\" y=\"%d\" "
                "text-anchor=\"middle\">%s</text><text transform=\"translate(14 %d) "
                "rotate(-90)\" text-anchor=\"middle\">%s</text>",
                LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT, (LEFT + WIDTH - RIGHT) / 2,
                HEIGHT - 10, p->x.label, (TOP + HEIGHT - BOTTOM) / 2, p->y.label);
}

/* ---- what is shown ---- */

void kao_plot_curve(kao_plot *p, const char *curve_class, const double *x,
                    const double *y, size_t n, bool filled)
{
    if (n == 0)
        return;
    p->fine = p->fine && kao_put(p->b, "<path class=\"%s%s\" d=\"M", curve_class,
                                 filled ? " filled" : "");
    if (filled)
        p->fine = p->fine && kao_put(p->b, "%.1f %d L", at_x(p, x[0]), HEIGHT - BOTTOM);
    for (size_t i = 0; i < n && p->fine; i++)
        p->fine = kao_put(p->b, "%.1f %.1f ", at_x(p, x[i]), at_y(p, y[i]));
    if (filled)
        p->fine =
            p->fine && kao_put(p->b, "L%.1f %d Z", at_x(p, x[n - 1]), HEIGHT - BOTTOM);
    p->fine = p->fine && kao_put(p->b, "\"/>");
}

void kao_plot_mark(kao_plot *p, double x, const char *name)
{
    p->fine = p->fine &&
              kao_put(p->b,
                      "<path class=\"mark\" d=\"M%.1f %d V%d\"/><text x=\"%.1f\" "
                      "y=\"%d\">%s</text>",
                      at_x(p, x), TOP, HEIGHT - BOTTOM, at_x(p, x) + 5, TOP + 12, name);
}

void kao_plot_legend(kao_plot *p, size_t i, bool right, const char *curve_class,
                     const char *name)
{
    const int x = right ? WIDTH - RIGHT - 150 : LEFT + 14, y = TOP + 18 + 18 * (int)i;

    p->fine = p->fine &&
              kao_put(p->b,
                      "<path class=\"%s\" d=\"M%d %d h22\"/><text x=\"%d\" "
                      "y=\"%d\">",
                      curve_class, x, y - 4, x + 28, y) &&
              kao_put_text(p->b, name) && kao_put(p->b, "</text>");
}

bool kao_plot_end(kao_plot *p)
{
    return p->fine && kao_put(p->b, "</svg>\n");
}
