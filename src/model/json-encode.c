/* The way out. Written by hand into one string instead of over json-glib's tree:
 * a snapshot of ten thousand tables is encoded twice a second. */
#include "model/record-private.h"

#include "core/lsn.h"

#include <math.h>

typedef struct
{
  GString *text;
  gboolean pretty;
  gboolean reveal; /* secrets */
  guint depth;
} Writer;

static void write_record (Writer *self, gconstpointer record);

static void
write_line (Writer *self)
{
  if (!self->pretty)
    return;
  g_string_append_c (self->text, '\n');
  for (guint i = 0; i < self->depth; i++)
    g_string_append (self->text, "  ");
}

static void
open_container (Writer *self, char bracket)
{
  g_string_append_c (self->text, bracket);
  self->depth++;
}

static void
close_container (Writer *self, char bracket, gboolean empty)
{
  self->depth--;
  if (!empty)
    write_line (self);
  g_string_append_c (self->text, bracket);
}

static void
write_escape (GString *text, guint unit)
{
  switch (unit)
    {
    case '"':
      g_string_append (text, "\\\"");
      break;
    case '\\':
      g_string_append (text, "\\\\");
      break;
    case '\n':
      g_string_append (text, "\\n");
      break;
    case '\r':
      g_string_append (text, "\\r");
      break;
    case '\t':
      g_string_append (text, "\\t");
      break;
    default:
      g_string_append_printf (text, "\\u%04x", unit);
    }
}

/* Control characters, C1 included, are escaped, so that JSON lines on a terminal
 * can't carry them; the rest goes out in runs. */
void
pgm_json_append_string (GString *json, const char *text)
{
  g_autofree char *valid = NULL;
  const char *run, *p;

  if (!g_utf8_validate (text, -1, NULL))
    text = valid = g_utf8_make_valid (text, -1);

  g_string_append_c (json, '"');
  for (run = p = text; *p != '\0'; p++)
    {
      guchar c = (guchar) *p;
      gboolean c1 = c == 0xC2 && (guchar) p[1] < 0xA0;

      if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F && !c1)
        continue;
      g_string_append_len (json, run, p - run);
      write_escape (json, c1 ? (guchar) p[1] : c);
      if (c1)
        p++;
      run = p + 1;
    }
  g_string_append_len (json, run, p - run);
  g_string_append_c (json, '"');
}

static void
write_string (Writer *self, const char *string)
{
  pgm_json_append_string (self->text, string);
}

/* The shortest of three forms that reads back as the same number. JSON has no
 * word for what is not finite. */
static void
write_double (Writer *self, double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  if (!isfinite (value))
    {
      g_string_append (self->text, "null");
      return;
    }
  /* Also turns a negative zero, which would read as the integer, into 0. */
  if (value >= -1e15 && value <= 1e15 && value == (double) (gint64) value)
    {
      g_string_append_printf (self->text, "%" G_GINT64_FORMAT, (gint64) value);
      return;
    }
  g_ascii_formatd (buffer, sizeof buffer, "%.15g", value);
  if (g_ascii_strtod (buffer, NULL) != value)
    g_ascii_formatd (buffer, sizeof buffer, "%.16g", value);
  if (g_ascii_strtod (buffer, NULL) != value)
    g_ascii_dtostr (buffer, sizeof buffer, value);
  g_string_append (self->text, buffer);
  /* "1e+300" is a number of JSON; "123456789012345678" would be an integer. */
  if (strpbrk (buffer, ".e") == NULL)
    g_string_append (self->text, ".0");
}

static void
write_enum (Writer *self, const char *const *names, int value)
{
  for (int i = 0; names[i] != NULL; i++)
    if (i == value)
      {
        write_string (self, names[i]);
        return;
      }
  g_string_append (self->text, "null");
}

static void
write_strv (Writer *self, const char *const *strings)
{
  gboolean empty = strings == NULL || *strings == NULL;

  open_container (self, '[');
  for (guint i = 0; !empty && strings[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append_c (self->text, ',');
      write_line (self);
      write_string (self, strings[i]);
    }
  close_container (self, ']', empty);
}

static void
write_records (Writer *self, const GPtrArray *records)
{
  gboolean empty = records == NULL || records->len == 0;

  open_container (self, '[');
  for (guint i = 0; !empty && i < records->len; i++)
    {
      if (i > 0)
        g_string_append_c (self->text, ',');
      write_line (self);
      write_record (self, g_ptr_array_index (records, i));
    }
  close_container (self, ']', empty);
}

static void
write_time (Writer *self, gint64 time)
{
  char buffer[PGM_JSON_TIME_SIZE];

  if (!pgm_json_time_format (time, buffer))
    g_string_append (self->text, "null");
  else
    g_string_append_printf (self->text, "\"%s\"", buffer);
}

static void
write_field (Writer *self, gconstpointer record, const PgmField *field)
{
  char buffer[PGM_LSN_TEXT_SIZE];

  switch (field->kind)
    {
    case PGM_FIELD_STRING:
      write_string (self, PGM_FIELD_GET (record, field, char *));
      break;
    case PGM_FIELD_INT64:
      g_string_append_printf (self->text, "%" G_GINT64_FORMAT,
                              PGM_FIELD_GET (record, field, gint64));
      break;
    case PGM_FIELD_UINT64:
      g_string_append_printf (self->text, "%" G_GUINT64_FORMAT,
                              PGM_FIELD_GET (record, field, guint64));
      break;
    case PGM_FIELD_DOUBLE:
      write_double (self, PGM_FIELD_GET (record, field, double));
      break;
    case PGM_FIELD_BOOL:
      g_string_append (self->text, PGM_FIELD_GET (record, field, gboolean) ? "true" : "false");
      break;
    case PGM_FIELD_ENUM:
      write_enum (self, field->names, PGM_FIELD_GET (record, field, int));
      break;
    case PGM_FIELD_LSN:
      write_string (self, pgm_lsn_format (PGM_FIELD_GET (record, field, PgmLsn), buffer));
      break;
    case PGM_FIELD_TIME:
      write_time (self, PGM_FIELD_GET (record, field, gint64));
      break;
    case PGM_FIELD_STRV:
      write_strv (self, (const char *const *) PGM_FIELD_GET (record, field, GStrv));
      break;
    case PGM_FIELD_RECORD:
      write_record (self, PGM_FIELD_GET (record, field, gpointer));
      break;
    case PGM_FIELD_RECORDS:
      write_records (self, PGM_FIELD_GET (record, field, GPtrArray *));
      break;
    case PGM_FIELD_SECRET:
      write_string (self, self->reveal
                              ? pgm_secret_reveal (PGM_FIELD_GET (record, field, PgmSecret *))
                              : PGM_JSON_SECRET_MASK);
      break;
    default:
      g_assert_not_reached ();
    }
}

/* Nothing there, whatever the flags say: no way to write it. */
static gboolean
field_is_absent (gconstpointer record, const PgmField *field)
{
  if (field->kind == PGM_FIELD_STRING || field->kind == PGM_FIELD_RECORD ||
      field->kind == PGM_FIELD_SECRET)
    return PGM_FIELD_GET (record, field, gpointer) == NULL;
  if (field->kind == PGM_FIELD_TIME)
    return PGM_FIELD_GET (record, field, gint64) == 0;
  return FALSE;
}

static gboolean
field_is_empty (gconstpointer record, const PgmField *field)
{
  switch (field->kind)
    {
    case PGM_FIELD_STRING:
      return *PGM_FIELD_GET (record, field, char *) == '\0';
    case PGM_FIELD_INT64:
    case PGM_FIELD_UINT64:
    case PGM_FIELD_LSN:
      return PGM_FIELD_GET (record, field, guint64) == 0;
    case PGM_FIELD_DOUBLE:
      return !isnormal (PGM_FIELD_GET (record, field, double));
    case PGM_FIELD_BOOL:
    case PGM_FIELD_ENUM:
      return PGM_FIELD_GET (record, field, int) == 0;
    case PGM_FIELD_STRV:
      return PGM_FIELD_GET (record, field, GStrv) == NULL ||
             *PGM_FIELD_GET (record, field, GStrv) == NULL;
    case PGM_FIELD_RECORDS:
      return PGM_FIELD_GET (record, field, GPtrArray *) == NULL ||
             PGM_FIELD_GET (record, field, GPtrArray *)->len == 0;
    case PGM_FIELD_TIME:
    case PGM_FIELD_RECORD:
    case PGM_FIELD_SECRET:
    default:
      return FALSE;
    }
}

static void
write_record (Writer *self, gconstpointer record)
{
  const PgmRecordType *type = ((const PgmRecord *) record)->type;
  gboolean empty = TRUE;

  open_container (self, '{');
  for (const PgmField *field = type->fields; field->name != NULL; field++)
    {
      if (field_is_absent (record, field) ||
          ((field->flags & PGM_FIELD_OMIT_EMPTY) != 0 && field_is_empty (record, field)))
        continue;
      if (!empty)
        g_string_append_c (self->text, ',');
      empty = FALSE;
      write_line (self);
      g_string_append_printf (self->text, self->pretty ? "\"%s\": " : "\"%s\":", field->name);
      write_field (self, record, field);
    }
  close_container (self, '}', empty);
}

char *
pgm_record_to_json (gconstpointer record, gboolean pretty)
{
  Writer writer = { .pretty = pretty };

  g_return_val_if_fail (record != NULL, NULL);

  writer.text = g_string_sized_new (1024);
  write_record (&writer, record);
  return g_string_free (writer.text, FALSE);
}

PgmSecret *
pgm_record_to_secret_json (gconstpointer record)
{
  Writer writer = { .reveal = TRUE };

  g_return_val_if_fail (record != NULL, NULL);

  /* Room enough never to leave a copy behind by growing. */
  writer.text = g_string_sized_new (64 * 1024);
  write_record (&writer, record);
  return pgm_secret_new_take (g_string_free (writer.text, FALSE));
}

char *
pgm_records_to_json (const GPtrArray *records, gboolean pretty)
{
  Writer writer = { .pretty = pretty };

  writer.text = g_string_sized_new (1024);
  write_records (&writer, records);
  return g_string_free (writer.text, FALSE);
}
