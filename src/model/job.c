#include "model/job.h"

#include "model/descriptor.h"

const char *const pgm_job_kind_names[] = { "clone", "compare", "follow", "cleanup", NULL };
const char *const pgm_conflict_names[] = { "stop", "log", "skip", NULL };

static const PgmField endpoint_fields[] = {
  FIELD (PgmEndpoint, uri, STRING, 0),
  FIELD (PgmEndpoint, host, STRING, 0),
  FIELD (PgmEndpoint, port, STRING, 0),
  FIELD (PgmEndpoint, user, STRING, 0),
  FIELD (PgmEndpoint, dbname, STRING, 0),
  FIELD (PgmEndpoint, password, SECRET, 0),
  FIELD (PgmEndpoint, cluster, STRING, 0),
  FIELD (PgmEndpoint, node, STRING, 0),
  FIELD (PgmEndpoint, foreign, BOOL, OMIT_EMPTY),
  FIELD_END,
};

const PgmRecordType pgm_endpoint_type = { "endpoint", sizeof (PgmEndpoint), endpoint_fields };

static const PgmField clone_options_fields[] = {
  FIELD (PgmCloneOptions, copy_workers, INT64, OMIT_EMPTY),
  FIELD (PgmCloneOptions, index_workers, INT64, OMIT_EMPTY),
  FIELD (PgmCloneOptions, split_bytes, UINT64, OMIT_EMPTY),
  FIELD (PgmCloneOptions, include, STRV, OMIT_EMPTY),
  FIELD (PgmCloneOptions, exclude, STRV, OMIT_EMPTY),
  FIELD (PgmCloneOptions, schema_only, BOOL, OMIT_EMPTY),
  FIELD (PgmCloneOptions, data_only, BOOL, OMIT_EMPTY),
  FIELD (PgmCloneOptions, no_owner, BOOL, OMIT_EMPTY),
  FIELD (PgmCloneOptions, no_acl, BOOL, OMIT_EMPTY),
  FIELD (PgmCloneOptions, drop_existing, BOOL, OMIT_EMPTY),
  FIELD (PgmCloneOptions, resume, BOOL, OMIT_EMPTY),
  FIELD (PgmCloneOptions, dry_run, BOOL, OMIT_EMPTY),
  FIELD (PgmCloneOptions, bindir, STRING, OMIT_EMPTY),
  FIELD_END,
};

const PgmRecordType pgm_clone_options_type = { "clone options", sizeof (PgmCloneOptions),
                                               clone_options_fields };

static const PgmField compare_options_fields[] = {
  FIELD (PgmCompareOptions, schema, BOOL, OMIT_EMPTY),
  FIELD (PgmCompareOptions, data, BOOL, OMIT_EMPTY),
  FIELD (PgmCompareOptions, workers, INT64, OMIT_EMPTY),
  FIELD (PgmCompareOptions, max_rows, INT64, OMIT_EMPTY),
  FIELD (PgmCompareOptions, include, STRV, OMIT_EMPTY),
  FIELD (PgmCompareOptions, exclude, STRV, OMIT_EMPTY),
  FIELD (PgmCompareOptions, no_owner, BOOL, OMIT_EMPTY),
  FIELD (PgmCompareOptions, no_acl, BOOL, OMIT_EMPTY),
  FIELD_END,
};

const PgmRecordType pgm_compare_options_type = { "compare options", sizeof (PgmCompareOptions),
                                                 compare_options_fields };

static const PgmField follow_options_fields[] = {
  FIELD (PgmFollowOptions, slot_name, STRING, OMIT_EMPTY),
  FIELD (PgmFollowOptions, publication, STRING, OMIT_EMPTY),
  FIELD (PgmFollowOptions, origin, STRING, OMIT_EMPTY),
  FIELD (PgmFollowOptions, start_lsn, LSN, OMIT_EMPTY),
  FIELD_ENUM (PgmFollowOptions, on_conflict, pgm_conflict_names, OMIT_EMPTY),
  FIELD (PgmFollowOptions, streaming, BOOL, OMIT_EMPTY),
  FIELD (PgmFollowOptions, keep_fence, BOOL, OMIT_EMPTY),
  FIELD (PgmFollowOptions, local_only, BOOL, OMIT_EMPTY),
  FIELD_END,
};

const PgmRecordType pgm_follow_options_type = { "follow options", sizeof (PgmFollowOptions),
                                                follow_options_fields };

static const PgmField job_spec_fields[] = {
  FIELD (PgmJobSpec, id, STRING, 0),
  FIELD_ENUM (PgmJobSpec, kind, pgm_job_kind_names, REQUIRED),
  FIELD_RECORD (PgmJobSpec, source, pgm_endpoint_type, REQUIRED),
  FIELD_RECORD (PgmJobSpec, destination, pgm_endpoint_type, REQUIRED),
  FIELD_RECORD (PgmJobSpec, clone, pgm_clone_options_type, 0),
  FIELD_RECORD (PgmJobSpec, compare, pgm_compare_options_type, 0),
  FIELD_RECORD (PgmJobSpec, follow, pgm_follow_options_type, 0),
  FIELD_END,
};

const PgmRecordType pgm_job_spec_type = { "job", sizeof (PgmJobSpec), job_spec_fields };

/* Parameters of libpq whose value is a secret. */
static gboolean
is_secret_parameter (const char *name, gsize length)
{
  static const char *const names[] = { "password", "sslpassword", "oauth_client_secret",
                                       "scram_client_key", "scram_server_key" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (strlen (names[i]) == length && g_ascii_strncasecmp (names[i], name, length) == 0)
      return TRUE;
  return FALSE;
}

/* Is what follows the colon a port, up to '/', ',' or the end? */
static gboolean
is_port (const char *text)
{
  gsize digits = strspn (text, "0123456789");

  return digits > 0 && (text[digits] == '\0' || strchr ("/,?", text[digits]) != NULL);
}

/* Appends "user" of "user:password@" and returns what follows. libpq ends the
 * password at the first '@'. One with a raw '@' or '/' in it is a mistake, but
 * still a password, so it goes up to the last '@' that can belong to it. */
static const char *
append_user (GString *out, const char *authority)
{
  const char *at = strchr (authority, '@');
  const char *slash = strchr (authority, '/');
  const char *colon = strchr (authority, ':');
  const char *end;

  if (at == NULL || colon == NULL || colon > at)
    return authority;
  if (slash != NULL && slash < at && (*authority == '[' || is_port (colon + 1)))
    return authority;
  end =
      slash != NULL && slash < at ? authority + strcspn (authority, "?") : at + strcspn (at, "/?");
  if (end < at)
    return authority;
  g_string_append_len (out, authority, colon - authority);
  return g_strrstr_len (authority, end - authority, "@");
}

/* "a=b&c=d" without the secrets. A name may be percent-encoded too. */
static void
append_parameters (GString *out, const char *parameters)
{
  g_auto (GStrv) parts = g_strsplit (parameters, "&", -1);
  char separator = '?';

  for (guint i = 0; parts[i] != NULL; i++)
    {
      const char *equals = strchr (parts[i], '=');
      g_autofree char *name =
          g_uri_unescape_segment (parts[i], equals != NULL ? equals : NULL, NULL);

      if (equals != NULL && (name == NULL || is_secret_parameter (name, strlen (name))))
        continue;
      g_string_append_printf (out, "%c%s", separator, parts[i]);
      separator = '&';
    }
}

static char *
strip_uri (const char *uri)
{
  GString *out = g_string_new (NULL);
  const char *authority = strstr (uri, "://") + strlen ("://");
  const char *rest, *parameters;

  g_string_append_len (out, uri, authority - uri);
  rest = append_user (out, authority);
  parameters = strchr (rest, '?');
  g_string_append_len (out, rest, parameters != NULL ? parameters - rest : -1);
  if (parameters != NULL)
    append_parameters (out, parameters + 1);
  return g_string_free (out, FALSE);
}

/* The end of a keyword string's value: quoted with backslashes, or a word. */
static const char *
skip_value (const char *p)
{
  gboolean quoted = *p == '\'';

  for (p += quoted; *p != '\0'; p++)
    {
      if (*p == '\\' && p[1] != '\0')
        p++;
      else if (quoted ? *p == '\'' : g_ascii_isspace (*p))
        return p + quoted;
    }
  return p;
}

static char *
strip_keywords (const char *string)
{
  GString *out = g_string_new (NULL);
  const char *p = string;

  while (*p != '\0')
    {
      const char *start = p;
      const char *name_end;

      while (g_ascii_isspace (*p))
        p++;
      start = p;
      while (*p != '\0' && *p != '=' && !g_ascii_isspace (*p))
        p++;
      name_end = p;
      while (g_ascii_isspace (*p))
        p++;
      if (*p == '=')
        {
          for (p++; g_ascii_isspace (*p); p++)
            ;
          p = skip_value (p);
        }
      if (p == start || is_secret_parameter (start, (gsize) (name_end - start)))
        continue;
      if (out->len > 0)
        g_string_append_c (out, ' ');
      g_string_append_len (out, start, p - start);
    }
  return g_string_free (out, FALSE);
}

char *
pgm_uri_without_secrets (const char *uri)
{
  if (uri == NULL)
    return NULL;
  if (g_str_has_prefix (uri, "postgresql://") || g_str_has_prefix (uri, "postgres://"))
    return strip_uri (uri);
  return strip_keywords (uri);
}

static PgmEndpoint *
endpoint_without_secrets (const PgmEndpoint *endpoint)
{
  PgmEndpoint *copy = pgm_record_new (&pgm_endpoint_type);

  copy->uri = pgm_uri_without_secrets (endpoint->uri);
  copy->host = g_strdup (endpoint->host);
  copy->port = g_strdup (endpoint->port);
  copy->user = g_strdup (endpoint->user);
  /* A database name is a whole connection string to libpq when it looks like one. */
  copy->dbname = pgm_uri_without_secrets (endpoint->dbname);
  copy->cluster = g_strdup (endpoint->cluster);
  copy->node = g_strdup (endpoint->node);
  return copy;
}

PgmJobSpec *
pgm_job_spec_without_secrets (const PgmJobSpec *spec)
{
  PgmJobSpec *copy = pgm_record_new (&pgm_job_spec_type);

  copy->id = g_strdup (spec->id);
  copy->kind = spec->kind;
  if (spec->source != NULL)
    copy->source = endpoint_without_secrets (spec->source);
  if (spec->destination != NULL)
    copy->destination = endpoint_without_secrets (spec->destination);
  if (spec->clone != NULL)
    copy->clone = pgm_record_ref (spec->clone);
  if (spec->compare != NULL)
    copy->compare = pgm_record_ref (spec->compare);
  if (spec->follow != NULL)
    copy->follow = pgm_record_ref (spec->follow);
  return copy;
}

char *
pgm_job_spec_to_storable_json (const PgmJobSpec *spec)
{
  PgmJobSpec *bare = pgm_job_spec_without_secrets (spec);
  char *json = pgm_record_to_json (bare, FALSE);

  pgm_record_unref (bare);
  return json;
}
