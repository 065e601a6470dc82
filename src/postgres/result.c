#include "config.h"

#include "postgres/connection-private.h"

#include <string.h>

PgmResult *
pgm_result_new_take (PGresult *pg)
{
  PgmResult *self = g_new0 (PgmResult, 1);
  self->pg = pg;
  return self;
}

void
pgm_result_free (PgmResult *self)
{
  if (self == NULL)
    return;
  PQclear (self->pg);
  g_free (self);
}

guint
pgm_result_get_rows (PgmResult *self)
{
  return (guint) PQntuples (self->pg);
}

guint
pgm_result_get_columns (PgmResult *self)
{
  return (guint) PQnfields (self->pg);
}

const char *
pgm_result_get_name (PgmResult *self, guint column)
{
  return PQfname (self->pg, (int) column);
}

const char *
pgm_result_get (PgmResult *self, guint row, guint column)
{
  g_return_val_if_fail (row < pgm_result_get_rows (self), NULL);
  g_return_val_if_fail (column < pgm_result_get_columns (self), NULL);
  if (PQgetisnull (self->pg, (int) row, (int) column))
    return NULL;
  return PQgetvalue (self->pg, (int) row, (int) column);
}

const char *
pgm_result_get_or (PgmResult *self, guint row, guint column, const char *fallback)
{
  const char *value = pgm_result_get (self, row, column);
  return value != NULL ? value : fallback;
}

gboolean
pgm_result_get_bool (PgmResult *self, guint row, guint column)
{
  return g_strcmp0 (pgm_result_get (self, row, column), "t") == 0;
}

gint64
pgm_result_get_int64 (PgmResult *self, guint row, guint column)
{
  const char *value = pgm_result_get (self, row, column);
  return value != NULL ? g_ascii_strtoll (value, NULL, 10) : 0;
}

guint32
pgm_result_get_oid (PgmResult *self, guint row, guint column)
{
  const char *value = pgm_result_get (self, row, column);
  return value != NULL ? (guint32) g_ascii_strtoull (value, NULL, 10) : 0;
}

gint64
pgm_result_get_affected (PgmResult *self)
{
  return g_ascii_strtoll (PQcmdTuples (self->pg), NULL, 10);
}

/* The session's encoding in iconv's words. Unknown ones fall through to
 * replacement characters: this is for messages, never for data. */
static const char *
iconv_name (const char *encoding)
{
  static const struct
  {
    const char *postgres;
    const char *iconv;
  } names[] = {
    { "LATIN1", "ISO-8859-1" },
    { "LATIN2", "ISO-8859-2" },
    { "LATIN3", "ISO-8859-3" },
    { "LATIN4", "ISO-8859-4" },
    { "LATIN5", "ISO-8859-9" },
    { "LATIN6", "ISO-8859-10" },
    { "LATIN7", "ISO-8859-13" },
    { "LATIN8", "ISO-8859-14" },
    { "LATIN9", "ISO-8859-15" },
    { "LATIN10", "ISO-8859-16" },
    { "ISO_8859_5", "ISO-8859-5" },
    { "ISO_8859_6", "ISO-8859-6" },
    { "ISO_8859_7", "ISO-8859-7" },
    { "ISO_8859_8", "ISO-8859-8" },
    { "WIN1250", "CP1250" },
    { "WIN1251", "CP1251" },
    { "WIN1252", "CP1252" },
    { "WIN1253", "CP1253" },
    { "WIN1254", "CP1254" },
    { "WIN1255", "CP1255" },
    { "WIN1256", "CP1256" },
    { "WIN1257", "CP1257" },
    { "WIN1258", "CP1258" },
    { "WIN866", "CP866" },
    { "WIN874", "CP874" },
    { "KOI8R", "KOI8-R" },
    { "KOI8U", "KOI8-U" },
    { "EUC_JP", "EUC-JP" },
    { "EUC_KR", "EUC-KR" },
    { "EUC_CN", "EUC-CN" },
    { "EUC_TW", "EUC-TW" },
    { "SJIS", "SHIFT_JIS" },
    { "BIG5", "BIG5" },
    { "GBK", "GBK" },
    { "GB18030", "GB18030" },
    { "UHC", "UHC" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_strcmp0 (encoding, names[i].postgres) == 0)
      return names[i].iconv;
  return NULL;
}

char *
pgm_connection_text (const char *text, const char *encoding)
{
  g_autofree char *clean = NULL;

  if (!g_utf8_validate (text, -1, NULL) && iconv_name (encoding) != NULL)
    clean = g_convert (text, -1, "UTF-8", iconv_name (encoding), NULL, NULL, NULL);
  if (clean == NULL)
    clean = g_utf8_make_valid (text, -1);
  return g_strdup (g_strchomp (clean));
}

static char *
field (PgmConnection *self, const PGresult *result, int code)
{
  const char *text = PQresultErrorField (result, code);
  if (text == NULL || *text == '\0')
    return NULL;
  return pgm_connection_text (text, PQparameterStatus (self->pg, "client_encoding"));
}

/* The line of @sql that holds character @position (from 1), at most 200
 * characters of it around that place. */
static char *
statement_line (const char *sql, gint64 position)
{
  const glong around = 100;

  if (position < 1 || !g_utf8_validate (sql, -1, NULL) || position > g_utf8_strlen (sql, -1))
    return NULL;

  const char *at = g_utf8_offset_to_pointer (sql, (glong) position - 1);
  guint line = 1;
  for (const char *p = sql; p < at; p++)
    line += *p == '\n';

  const char *begin = at;
  while (begin > sql && begin[-1] != '\n')
    begin--;
  const char *end = at + strcspn (at, "\r\n");
  if (g_utf8_strlen (begin, at - begin) > around)
    begin = g_utf8_offset_to_pointer (at, -around);
  if (g_utf8_strlen (at, end - at) > around)
    end = g_utf8_offset_to_pointer (at, around);

  g_autofree char *text = g_strstrip (g_strndup (begin, (gsize) (end - begin)));
  return g_strdup_printf ("Line %u: %s", line, text);
}

static char *
build_detail (PgmConnection *self, const PGresult *result, const char *sql)
{
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (g_free);
  char *text;

  if ((text = field (self, result, PG_DIAG_MESSAGE_DETAIL)) != NULL)
    g_ptr_array_add (parts, text);
  if ((text = field (self, result, PG_DIAG_CONTEXT)) != NULL)
    g_ptr_array_add (parts, text);
  if ((text = field (self, result, PG_DIAG_INTERNAL_QUERY)) != NULL)
    g_ptr_array_add (parts, text);

  const char *position = PQresultErrorField (result, PG_DIAG_STATEMENT_POSITION);
  if (sql != NULL && position != NULL &&
      (text = statement_line (sql, g_ascii_strtoll (position, NULL, 10))) != NULL)
    g_ptr_array_add (parts, text);

  if (parts->len == 0)
    return NULL;
  g_ptr_array_add (parts, NULL);
  return g_strjoinv ("\n", (char **) parts->pdata);
}

/* An error after which this session is over: class 08, shutdown, FATAL. */
static gboolean
ends_session (PgmConnection *self, const PGresult *result, const char *sqlstate)
{
  const char *severity = PQresultErrorField (result, PG_DIAG_SEVERITY_NONLOCALIZED);

  if (PQstatus (self->pg) == CONNECTION_BAD)
    return TRUE;
  if (g_strcmp0 (severity, "FATAL") == 0 || g_strcmp0 (severity, "PANIC") == 0)
    return TRUE;
  return sqlstate != NULL && g_str_has_prefix (sqlstate, "08") &&
         !g_str_has_prefix (sqlstate, "08P");
}

void
pgm_connection_set_result_error (PgmConnection *self,
                                 const PGresult *result,
                                 const char *sql,
                                 GError **error)
{
  const char *sqlstate = PQresultErrorField (result, PG_DIAG_SQLSTATE);
  g_autofree char *primary = field (self, result, PG_DIAG_MESSAGE_PRIMARY);

  if (primary == NULL)
    {
      /* libpq itself made this result: the connection broke or ran out of memory. */
      if (PQstatus (self->pg) == CONNECTION_BAD)
        {
          pgm_connection_set_lost (self, error);
          return;
        }
      primary = pgm_connection_text (PQresultErrorMessage (result), NULL);
    }

  g_autofree char *detail = build_detail (self, result, sql);
  g_autofree char *hint = field (self, result, PG_DIAG_MESSAGE_HINT);
  PgmErrorCode code = PGM_ERROR_SQL;
  if (ends_session (self, result, sqlstate))
    {
      self->lost = TRUE;
      code = PGM_ERROR_LOST;
    }
  pgm_error_set_full (error, code, sqlstate, detail, hint, "%s: %s", self->label, primary);
}

void
pgm_connection_set_lost (PgmConnection *self, GError **error)
{
  g_autofree char *text = pgm_connection_text (PQerrorMessage (self->pg), NULL);

  self->lost = TRUE;
  pgm_error_set_full (error, PGM_ERROR_LOST, NULL, *text != '\0' ? text : NULL,
                      "Look into the server's log for the reason.", "%s: the connection was lost",
                      self->label);
}
