#include "core/error.h"

typedef struct
{
  char *sqlstate;
  char *detail;
  char *hint;
} PgmErrorPrivate;

static void
pgm_error_private_init (PgmErrorPrivate *priv)
{
  g_return_if_fail (priv != NULL);

  priv->sqlstate = NULL;
  priv->detail = NULL;
  priv->hint = NULL;
}

static void
pgm_error_private_copy (const PgmErrorPrivate *source, PgmErrorPrivate *copy)
{
  g_return_if_fail (source != NULL && copy != NULL);

  copy->sqlstate = g_strdup (source->sqlstate);
  copy->detail = g_strdup (source->detail);
  copy->hint = g_strdup (source->hint);
}

static void
pgm_error_private_clear (PgmErrorPrivate *priv)
{
  g_return_if_fail (priv != NULL);

  g_free (priv->sqlstate);
  g_free (priv->detail);
  g_free (priv->hint);
}

/* GLib's macro casts const away. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wcast-qual"
G_DEFINE_EXTENDED_ERROR (PgmError, pgm_error)
#pragma GCC diagnostic pop

static PgmErrorPrivate *
get_private_or_null (const GError *error)
{
  if (error == NULL || error->domain != PGM_ERROR)
    return NULL;
  return pgm_error_get_private (error);
}

void
pgm_error_set (GError **error, PgmErrorCode code, const char *format, ...)
{
  va_list arguments;

  if (error == NULL)
    return;
  va_start (arguments, format);
  g_propagate_error (error, g_error_new_valist (PGM_ERROR, (int) code, format, arguments));
  va_end (arguments);
}

void
pgm_error_set_full (GError **error,
                    PgmErrorCode code,
                    const char *sqlstate,
                    const char *detail,
                    const char *hint,
                    const char *format,
                    ...)
{
  va_list arguments;
  GError *made;
  PgmErrorPrivate *priv;

  if (error == NULL)
    return;
  va_start (arguments, format);
  made = g_error_new_valist (PGM_ERROR, (int) code, format, arguments);
  va_end (arguments);

  priv = pgm_error_get_private (made);
  if (priv != NULL)
    {
      priv->sqlstate = g_strdup (sqlstate);
      priv->detail = g_strdup (detail);
      priv->hint = g_strdup (hint);
    }
  g_propagate_error (error, made);
}

const char *
pgm_error_get_sqlstate (const GError *error)
{
  PgmErrorPrivate *priv = get_private_or_null (error);

  return priv != NULL ? priv->sqlstate : NULL;
}

const char *
pgm_error_get_detail (const GError *error)
{
  PgmErrorPrivate *priv = get_private_or_null (error);

  return priv != NULL ? priv->detail : NULL;
}

const char *
pgm_error_get_hint (const GError *error)
{
  PgmErrorPrivate *priv = get_private_or_null (error);

  return priv != NULL ? priv->hint : NULL;
}

/* The new text may be part of the old one, so it is copied first. */
static void
replace_text (char **field, const char *text)
{
  char *copy = g_strdup (text);

  g_free (*field);
  *field = copy;
}

void
pgm_error_set_detail (GError *error, const char *detail)
{
  PgmErrorPrivate *priv = get_private_or_null (error);

  if (priv != NULL)
    replace_text (&priv->detail, detail);
}

void
pgm_error_set_hint (GError *error, const char *hint)
{
  PgmErrorPrivate *priv = get_private_or_null (error);

  if (priv != NULL)
    replace_text (&priv->hint, hint);
}

gboolean
pgm_error_is_cancelled (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

char *
pgm_error_to_text (const GError *error)
{
  const char *detail = pgm_error_get_detail (error);
  const char *hint = pgm_error_get_hint (error);
  GString *text = g_string_new (error != NULL ? error->message : "");

  if (detail != NULL && *detail != '\0')
    g_string_append_printf (text, "\n  Detail: %s", detail);
  if (hint != NULL && *hint != '\0')
    g_string_append_printf (text, "\n  Hint: %s", hint);
  return g_string_free (text, FALSE);
}

static PgmExit
code_to_exit (PgmErrorCode code)
{
  switch (code)
    {
    case PGM_ERROR_USAGE:
      return PGM_EXIT_USAGE;
    case PGM_ERROR_NOT_FOUND:
      return PGM_EXIT_NOT_FOUND;
    case PGM_ERROR_CONNECT:
      return PGM_EXIT_CONNECT;
    case PGM_ERROR_REFUSED:
      return PGM_EXIT_REFUSED;
    case PGM_ERROR_FAILED:
    case PGM_ERROR_SQL:
    case PGM_ERROR_LOST:
    case PGM_ERROR_PROTOCOL:
    default:
      return PGM_EXIT_FAILED;
    }
}

PgmExit
pgm_error_to_exit (const GError *error)
{
  if (error == NULL)
    return PGM_EXIT_OK;
  if (error->domain == PGM_ERROR)
    return code_to_exit ((PgmErrorCode) error->code);
  if (pgm_error_is_cancelled (error))
    return PGM_EXIT_INTERRUPTED;
  if (error->domain == G_OPTION_ERROR)
    return PGM_EXIT_USAGE;
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND) ||
      g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    return PGM_EXIT_NOT_FOUND;
  return PGM_EXIT_FAILED;
}
