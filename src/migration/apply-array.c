#include "migration/apply-array.h"

#include <string.h>

#define TEXT_OID 25u

/* A binary array's head (array_recv): dimensions, has NULLs, element type, then
 * length and lower bound of the one dimension. Each element is its length and its
 * bytes; -1 is NULL. */
#define HEAD_SIZE (5 * sizeof (guint32))

static char *
put_int (char *at, guint32 value)
{
  guint32 wire = GUINT32_TO_BE (value);

  memcpy (at, &wire, sizeof wire);
  return at + sizeof wire;
}

gsize
pgm_apply_array_reserve (const PgmApplyColumn *column, const PgmValue *value)
{
  gsize size = value->data != NULL ? value->size : 0;

  /* Every byte may need a backslash; quotes and a delimiter, or NULL. */
  return column->way == PGM_APPLY_INPUT ? 2 * size + 5 : size + sizeof (guint32);
}

void
pgm_apply_array_begin (PgmApplyArray *self, const PgmApplyColumn *column, char *memory)
{
  *self = (PgmApplyArray){ .column = column, .start = memory, .at = memory };
  if (column->way == PGM_APPLY_INPUT)
    *self->at++ = '{';
  else
    self->at += HEAD_SIZE;
}

/* Text is always quoted, so that nothing in it can mean anything. */
static void
add_quoted (PgmApplyArray *self, const PgmValue *value)
{
  char *at = self->at;

  if (at > self->start + 1)
    *at++ = self->column->delimiter;
  if (value->data == NULL)
    {
      memcpy (at, "NULL", 4);
      self->at = at + 4;
      return;
    }
  *at++ = '"';
  for (guint32 i = 0; i < value->size; i++)
    {
      if (value->data[i] == '"' || value->data[i] == '\\')
        *at++ = '\\';
      *at++ = value->data[i];
    }
  *at++ = '"';
  self->at = at;
}

void
pgm_apply_array_add (PgmApplyArray *self, const PgmValue *value)
{
  if (self->column->way == PGM_APPLY_INPUT)
    {
      add_quoted (self, value);
      return;
    }
  if (value->data == NULL)
    {
      self->has_null = TRUE;
      self->at = put_int (self->at, G_MAXUINT32);
      return;
    }
  self->at = put_int (self->at, value->size);
  memcpy (self->at, value->data, value->size);
  self->at += value->size;
}

PgmParam
pgm_apply_array_end (PgmApplyArray *self, guint n)
{
  char *head = self->start;

  if (self->column->way == PGM_APPLY_INPUT)
    {
      *self->at++ = '}';
      *self->at = '\0';
      return (PgmParam){ .data = self->start, .size = (gsize) (self->at - self->start) };
    }
  head = put_int (head, 1);
  head = put_int (head, self->has_null ? 1 : 0);
  head = put_int (head, TEXT_OID);
  head = put_int (head, n);
  put_int (head, 1);
  return (PgmParam){
    .data = self->start,
    .size = (gsize) (self->at - self->start),
    .binary = TRUE,
  };
}

/* What COPY's text format wants escaped: the backslash, and what ends fields and
 * lines (documentation, "COPY", "Text Format"). */
static char
copy_escape (char byte)
{
  switch (byte)
    {
    case '\\':
      return '\\';
    case '\t':
      return 't';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    default:
      return 0;
    }
}

static void
add_field (GByteArray *lines, const PgmValue *value)
{
  guint length = lines->len;
  char *at = NULL;

  if (value->data == NULL)
    {
      g_byte_array_append (lines, (const guint8 *) "\\N", 2);
      return;
    }
  g_byte_array_set_size (lines, length + 2 * value->size);
  at = (char *) lines->data + length;
  for (guint32 i = 0; i < value->size; i++)
    {
      char escape = copy_escape (value->data[i]);
      if (escape != 0)
        *at++ = '\\';
      *at++ = escape != 0 ? escape : value->data[i];
    }
  g_byte_array_set_size (lines, (guint) (at - (char *) lines->data));
}

void
pgm_apply_copy_add (GByteArray *lines, const PgmApplyTable *table, const PgmTuple *row)
{
  gboolean first = TRUE;

  for (guint i = 0; i < table->n_columns; i++)
    {
      if (table->columns[i].skipped)
        continue;
      if (!first)
        g_byte_array_append (lines, (const guint8 *) "\t", 1);
      first = FALSE;
      add_field (lines, &row->values[i]);
    }
  g_byte_array_append (lines, (const guint8 *) "\n", 1);
}
