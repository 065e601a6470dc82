/* What the files of the codec share; not for other rooms. */
#pragma once

#include "model/record.h"

G_BEGIN_DECLS

/* Deepest nesting of arrays and objects that is read. */
#define PGM_JSON_MAX_DEPTH 32

/* What a secret looks like from outside. */
#define PGM_JSON_SECRET_MASK "********"

/* A field's place within a record, typed by the caller. */
#define PGM_FIELD_AT(record, field, type) (*(type *) pgm_field_address ((record), (field)))
#define PGM_FIELD_GET(record, field, type)                                                         \
  (*(type const *) pgm_field_address_const ((record), (field)))

static inline gpointer
pgm_field_address (gpointer record, const PgmField *field)
{
  return (char *) record + field->offset;
}

static inline gconstpointer
pgm_field_address_const (gconstpointer record, const PgmField *field)
{
  return (const char *) record + field->offset;
}

/* Is @json one strict JSON text (RFC 8259) that is safe to hand to json-glib?
 * json-glib 1.6 takes comments, hexadecimal numbers and "var x =", wraps large
 * integers, recurses without limit and asserts on lone surrogates, so all that
 * is refused here first. @members: how many members all objects have together,
 * by which the decoder notices a name given twice. */
gboolean pgm_json_check (const char *json, gsize length, guint64 *members, GError **error)
    G_GNUC_WARN_UNUSED_RESULT;

/* RFC 3339 in UTC; microseconds since the epoch. pgm_json_time_parse() takes any
 * offset; pgm_json_time_format() returns FALSE outside of the years 1 to 9999. */
#define PGM_JSON_TIME_SIZE 32
gboolean pgm_json_time_parse (const char *text, gint64 *time) G_GNUC_WARN_UNUSED_RESULT;
gboolean pgm_json_time_format (gint64 time, char *buffer) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
