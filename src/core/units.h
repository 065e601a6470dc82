/* Quantities as people write them. All results are transfer full and plain
 * text; callers that need translated words wrap them. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

char *pgm_format_bytes (guint64 bytes);               /* "512 B", "1.5 MiB", "12 GiB" */
char *pgm_format_byte_rate (double bytes_per_second); /* "92.1 MiB/s" */
char *pgm_format_count (guint64 count);               /* "950", "12,345", thousands grouped */
char *pgm_format_short_count (guint64 count);         /* "950", "12.3 k", "4.5 M" */
char *pgm_format_duration (double seconds); /* "0.8 s", "42 s", "3 min 05 s", "2 h 10 min" */
char *pgm_format_duration_ms (double milliseconds); /* "12 ms", "1.25 s" */

/* "200MB", "1 GiB", "64k", "1048576": units are powers of 1024 as in
 * postgresql.conf; no unit means bytes. PGM_ERROR_USAGE otherwise. */
gboolean
pgm_parse_size (const char *text, guint64 *bytes, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* "30s", "500ms", "2min", "1h", "45": no unit means seconds. */
gboolean
pgm_parse_duration (const char *text, double *seconds, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A decimal integer within [@min, @max], nothing around it. @what names it. */
gboolean pgm_parse_int (const char *text,
                        const char *what,
                        gint64 min,
                        gint64 max,
                        gint64 *value,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
