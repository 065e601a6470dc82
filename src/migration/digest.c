#include "config.h"

#include "migration/digest.h"

#include <string.h>

#include "postgres/quote.h"

/* Values of more bytes than this enter the row's text as their md5: a row's text
 * must stay below 1 GB, of which hexadecimal and quoting take twice. */
#define LARGE_VALUE "1048576"

/* Type OIDs, stable since ever (pg_type.dat). */
enum
{
  OID_BYTEA = 17,
  OID_CHAR = 18,
  OID_TEXT = 25,
  OID_XML = 142,
  OID_POINT = 600,
  OID_LSEG = 601,
  OID_PATH = 602,
  OID_BOX = 603,
  OID_POLYGON = 604,
  OID_LINE = 628,
  OID_FLOAT4 = 700,
  OID_FLOAT8 = 701,
  OID_CIRCLE = 718,
  OID_CHAR_ARRAY = 1002,
  OID_FLOAT4_ARRAY = 1021,
  OID_FLOAT8_ARRAY = 1022,
  OID_VARCHAR = 1043,
};

void
pgm_digest_clear (PgmDigest *self)
{
  self->rows = 0;
  g_clear_pointer (&self->sum, g_free);
}

gboolean
pgm_digest_equal (const PgmDigest *a, const PgmDigest *b)
{
  return a->rows == b->rows && g_strcmp0 (a->sum, b->sum) == 0;
}

/* Wide enough for the sum of 2^63 hashes. */
typedef __int128 Sum;

static Sum
parse_sum (const char *text)
{
  gboolean negative = *text == '-';
  Sum sum = 0;

  for (const char *p = negative ? text + 1 : text; g_ascii_isdigit (*p); p++)
    sum = sum * 10 + (*p - '0');
  return negative ? -sum : sum;
}

static char *
format_sum (Sum sum)
{
  char buffer[48];
  char *p = buffer + sizeof buffer - 1;
  Sum rest = sum < 0 ? -sum : sum;

  *p = '\0';
  do
    *--p = (char) ('0' + (int) (rest % 10));
  while ((rest /= 10) > 0);
  if (sum < 0)
    *--p = '-';
  return g_strdup (p);
}

void
pgm_digest_add (PgmDigest *self, const PgmDigest *other)
{
  g_autofree char *sum = self->sum;

  self->rows += other->rows;
  if (sum == NULL)
    self->sum = g_strdup (other->sum);
  else if (other->sum == NULL)
    self->sum = g_steal_pointer (&sum);
  else
    self->sum = format_sum (parse_sum (sum) + parse_sum (other->sum));
}

gboolean
pgm_digest_needs_md5 (int source_major, int destination_major)
{
  return MIN (source_major, destination_major) < 12;
}

gboolean
pgm_digest_needs_utf8 (const char *source_encoding, const char *destination_encoding)
{
  if (g_strcmp0 (source_encoding, destination_encoding) == 0)
    return FALSE;
  return g_strcmp0 (source_encoding, "SQL_ASCII") != 0 &&
         g_strcmp0 (destination_encoding, "SQL_ASCII") != 0;
}

static const PgmColumn *
find_column (const PgmTable *table, const char *name)
{
  for (guint i = 0; i < table->columns->len; i++)
    {
      const PgmColumn *column = g_ptr_array_index (table->columns, i);

      if (strcmp (column->name, name) == 0)
        return column;
    }
  return NULL;
}

GPtrArray *
pgm_digest_columns (const PgmTable *a, const PgmTable *b)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < a->columns->len; i++)
    {
      const PgmColumn *column = g_ptr_array_index (a->columns, i);

      if (b == NULL || find_column (b, column->name) != NULL)
        g_ptr_array_add (names, g_strdup (column->name));
    }
  return names;
}

/* The function that writes the bits of a type that is made of floating point
 * numbers, or NULL. */
static const char *
float_send_function (guint32 type_oid, gboolean md5)
{
  if (!md5)
    return NULL; /* shortest-exact text on both sides */

  switch (type_oid)
    {
    case OID_FLOAT4:
      return "float4send";
    case OID_FLOAT8:
      return "float8send";
    case OID_POINT:
      return "point_send";
    case OID_LSEG:
      return "lseg_send";
    case OID_PATH:
      return "path_send";
    case OID_BOX:
      return "box_send";
    case OID_POLYGON:
      return "poly_send";
    case OID_LINE:
      return "line_send";
    case OID_CIRCLE:
      return "circle_send";
    default:
      return NULL;
    }
}

/* There are many NaNs (what inf - inf gives has a sign) but only one text for all,
 * and by text or in binary they are all the same value (F2). */
static void
append_float (GString *sql, const char *name, const char *send)
{
  g_string_append_printf (sql,
                          "CASE WHEN %s::text = 'NaN' THEN 'NaN' ELSE pg_catalog.%s(%s)::text END",
                          name, send, name);
}

/* The array @name with its elements written as @element (SQL on u.x). array_send()
 * would do, were it not for a null bitmap that says nothing but still shows in its
 * flags. */
static void
append_array (GString *sql, const char *name, const char *element)
{
  g_string_append_printf (
      sql,
      "CASE WHEN %s IS NOT NULL THEN pg_catalog.concat(pg_catalog.array_dims(%s), "
      "(SELECT pg_catalog.string_agg(coalesce(%s, 'NULL'), ',' ORDER BY u.i) "
      "FROM pg_catalog.unnest(%s) WITH ORDINALITY u(x, i))) END",
      name, name, element, name);
}

static void
append_float_array (GString *sql, const char *name, const char *send)
{
  g_autoptr (GString) element = g_string_new (NULL);

  append_float (element, "u.x", send);
  append_array (sql, name, element->str);
}

static void
append_column (GString *sql, const PgmColumn *column, gboolean md5, gboolean to_utf8)
{
  g_autofree char *quoted = pgm_quote_identifier (column->name);
  g_autofree char *name = g_strconcat ("t.", quoted, NULL);
  const char *send = float_send_function (column->type_oid, md5);

  if (send != NULL && (column->type_oid == OID_FLOAT4 || column->type_oid == OID_FLOAT8))
    append_float (sql, name, send);
  else if (send != NULL)
    g_string_append_printf (sql, "pg_catalog.%s(%s)", send, name);
  else if (md5 && column->type_oid == OID_FLOAT4_ARRAY)
    append_float_array (sql, name, "float4send");
  else if (md5 && column->type_oid == OID_FLOAT8_ARRAY)
    append_float_array (sql, name, "float8send");
  else if (column->type_oid == OID_CHAR) /* from 16 on written as \nnn above 127 */
    g_string_append_printf (sql, "%s::pg_catalog.int4", name);
  else if (column->type_oid == OID_CHAR_ARRAY)
    append_array (sql, name, "u.x::pg_catalog.int4::text");
  else if (column->type_oid == OID_XML) /* its own output leaves most declarations out */
    g_string_append_printf (sql, "%s::pg_catalog.text", name);
  else if (column->type_oid == OID_BYTEA)
    g_string_append_printf (sql,
                            "CASE WHEN pg_catalog.octet_length(%s) > " LARGE_VALUE
                            " THEN 'md5 ' || pg_catalog.md5(%s) "
                            "ELSE pg_catalog.encode(%s, 'hex') END",
                            name, name, name);
  else if (!to_utf8 && (column->type_oid == OID_TEXT || column->type_oid == OID_VARCHAR))
    g_string_append_printf (sql,
                            "CASE WHEN pg_catalog.octet_length(%s) > " LARGE_VALUE
                            " THEN 'md5 ' || pg_catalog.md5(%s) ELSE %s END",
                            name, name, name);
  else
    g_string_append (sql, name);
}

char *
pgm_digest_row_sql (const PgmTable *table, GPtrArray *columns, gboolean md5, gboolean to_utf8)
{
  GString *sql = g_string_new ("ROW(");
  guint n = 0;

  for (guint i = 0; i < columns->len; i++)
    {
      const PgmColumn *column = find_column (table, g_ptr_array_index (columns, i));

      if (column == NULL)
        continue;
      if (n++ > 0)
        g_string_append (sql, ", ");
      append_column (sql, column, md5, to_utf8);
    }
  g_string_append (sql, ")::text");
  return g_string_free (sql, FALSE);
}

char *
pgm_digest_hash_sql (const char *text_sql, gboolean md5, gboolean to_utf8)
{
  g_autofree char *bytes = NULL;

  if (md5)
    {
      bytes = to_utf8 ? g_strdup_printf ("pg_catalog.convert_to(%s, 'UTF8')", text_sql)
                      : g_strdup (text_sql);
      return g_strdup_printf (
          "('x' || pg_catalog.substr(pg_catalog.md5(%s), 1, 16))::pg_catalog.bit(64)::bigint",
          bytes);
    }

  bytes = to_utf8 ? g_strdup_printf ("pg_catalog.encode(pg_catalog.convert_to(%s, 'UTF8'), 'hex')",
                                     text_sql)
                  : g_strdup (text_sql);
  return g_strdup_printf ("pg_catalog.hashtextextended((%s) COLLATE \"C\", 0)", bytes);
}

char *
pgm_digest_from_sql (const PgmTable *table)
{
  g_autofree char *name = pgm_quote_qualified (table->schema, table->name);

  /* A partitioned table has no rows of its own, and ONLY would find none. */
  return g_strconcat (table->kind == 'p' ? "" : "ONLY ", name, " t", NULL);
}

char *
pgm_digest_select_sql (const PgmTable *table,
                       GPtrArray *columns,
                       const char *where,
                       gboolean md5,
                       gboolean to_utf8)
{
  g_autofree char *row = pgm_digest_row_sql (table, columns, md5, to_utf8);
  g_autofree char *hash = pgm_digest_hash_sql (row, md5, to_utf8);
  g_autofree char *from = pgm_digest_from_sql (table);

  return g_strdup_printf ("SELECT pg_catalog.count(*), pg_catalog.sum(%s) FROM %s%s%s", hash, from,
                          where != NULL ? " WHERE " : "", where != NULL ? where : "");
}

void
pgm_digest_set_from_result (PgmDigest *self, PgmResult *result)
{
  pgm_digest_clear (self);
  self->rows = pgm_result_get_int64 (result, 0, 0);
  self->sum = g_strdup (pgm_result_get (result, 0, 1));
}

gboolean
pgm_digest_read (PgmConnection *connection,
                 const PgmTable *table,
                 GPtrArray *columns,
                 const char *where,
                 gboolean md5,
                 gboolean to_utf8,
                 PgmDigest *digest,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autofree char *sql = pgm_digest_select_sql (table, columns, where, md5, to_utf8);
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  pgm_digest_set_from_result (digest, result);
  return TRUE;
}
