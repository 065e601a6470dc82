#include "config.h"

#include "postgres/conninfo.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "postgres/connection-private.h"

/* An immutable set of parameters. The two that are secrets live apart from the
 * others, so that nothing that walks over @values can show them. */
struct _PgmConninfo
{
  gatomicrefcount references;
  GHashTable *values; /* keyword -> value, without the secrets */
  PgmSecret *password;
  PgmSecret *key_password; /* "sslpassword" */
};

static PgmConninfo *
conninfo_alloc (void)
{
  PgmConninfo *self = g_new0 (PgmConninfo, 1);
  g_atomic_ref_count_init (&self->references);
  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

static PgmConninfo *
conninfo_copy (PgmConninfo *self)
{
  PgmConninfo *copy = conninfo_alloc ();
  GHashTableIter iter;
  gpointer keyword, value;

  g_hash_table_iter_init (&iter, self->values);
  while (g_hash_table_iter_next (&iter, &keyword, &value))
    g_hash_table_insert (copy->values, g_strdup (keyword), g_strdup (value));
  if (self->password != NULL)
    copy->password = pgm_secret_ref (self->password);
  if (self->key_password != NULL)
    copy->key_password = pgm_secret_ref (self->key_password);
  return copy;
}

PgmConninfo *
pgm_conninfo_ref (PgmConninfo *self)
{
  g_atomic_ref_count_inc (&self->references);
  return self;
}

void
pgm_conninfo_unref (PgmConninfo *self)
{
  if (self == NULL || !g_atomic_ref_count_dec (&self->references))
    return;
  g_hash_table_unref (self->values);
  if (self->password != NULL)
    pgm_secret_unref (self->password);
  if (self->key_password != NULL)
    pgm_secret_unref (self->key_password);
  g_free (self);
}

/* PQconninfoOption arrays may hold secrets, wherever they come from. */
static void
wipe_options (PQconninfoOption *options)
{
  for (PQconninfoOption *o = options; o != NULL && o->keyword != NULL; o++)
    if (o->val != NULL && (*o->dispchar == '*' || strstr (o->keyword, "password") != NULL))
      pgm_secret_wipe (o->val, strlen (o->val));
  PQconninfoFree (options);
}

/* Whether libpq's complaint about @text could quote a piece of a password. */
static gboolean
may_hold_password (const char *text)
{
  g_autofree char *lower = g_ascii_strdown (text, -1);
  gboolean found = strstr (lower, "pass") != NULL ||
                   (strstr (lower, "://") != NULL && strchr (lower, '@') != NULL);
  pgm_secret_wipe (lower, strlen (lower));
  return found;
}

/* Everything between the first quote that is not around a single character and
 * the last quote, which is where libpq repeats what it was given. */
static void
hide_quoted (char *message)
{
  char *first = strchr (message, '"');
  while (first != NULL && first[1] != '\0' && first[2] == '"')
    first = strchr (first + 3, '"');
  char *last = strrchr (message, '"');
  if (first == NULL || last <= first)
    return;
  pgm_secret_wipe (first + 1, (gsize) (last - first - 1));
  memmove (first + 4, last, strlen (last) + 1);
  memcpy (first + 1, "***", 3);
}

static void
set_parse_error (const char *text, char *message, GError **error)
{
  g_autofree char *shown = NULL;

  if (message != NULL)
    {
      /* Room for "***" where less than three characters were quoted. */
      shown = g_strconcat (message, "   ", NULL);
      pgm_secret_wipe (message, strlen (message));
      PQfreemem (message);
      if (may_hold_password (text))
        hide_quoted (shown);
      g_strchomp (shown);
    }
  pgm_error_set_full (
      error, PGM_ERROR_USAGE, NULL, shown,
      "Write postgresql://user@host:port/database or \"host=… port=… dbname=… user=…\"; special "
      "characters in a URI are percent-encoded.",
      "malformed connection text");
}

PgmConninfo *
pgm_conninfo_new (const char *text, GError **error)
{
  if (text == NULL || *text == '\0')
    return conninfo_alloc ();

  char *message = NULL;
  PQconninfoOption *options = PQconninfoParse (text, &message);
  if (options == NULL)
    {
      set_parse_error (text, message, error);
      return NULL;
    }

  PgmConninfo *self = conninfo_alloc ();
  for (PQconninfoOption *o = options; o->keyword != NULL; o++)
    {
      if (o->val == NULL)
        continue;
      if (g_str_equal (o->keyword, "password"))
        self->password = pgm_secret_new (o->val);
      else if (g_str_equal (o->keyword, "sslpassword"))
        self->key_password = pgm_secret_new (o->val);
      else
        g_hash_table_insert (self->values, g_strdup (o->keyword), g_strdup (o->val));
    }
  wipe_options (options);
  return self;
}

PgmConninfo *
pgm_conninfo_with (PgmConninfo *self, const char *keyword, const char *value)
{
  g_return_val_if_fail (!g_str_equal (keyword, "password"), pgm_conninfo_ref (self));
  g_return_val_if_fail (!g_str_equal (keyword, "sslpassword"), pgm_conninfo_ref (self));

  PgmConninfo *copy = conninfo_copy (self);
  if (value != NULL)
    g_hash_table_insert (copy->values, g_strdup (keyword), g_strdup (value));
  else
    g_hash_table_remove (copy->values, keyword);
  return copy;
}

PgmConninfo *
pgm_conninfo_with_password (PgmConninfo *self, PgmSecret *password)
{
  PgmConninfo *copy = conninfo_copy (self);
  if (copy->password != NULL)
    pgm_secret_unref (copy->password);
  copy->password = password != NULL ? pgm_secret_ref (password) : NULL;
  return copy;
}

/* Takes @self; NULL as @value: nothing new. */
static PgmConninfo *
add_value (PgmConninfo *self, const char *keyword, const char *value)
{
  PgmConninfo *more = NULL;

  if (value == NULL || *value == '\0')
    return self;
  if (g_str_equal (keyword, "password"))
    {
      g_autoptr (PgmSecret) password = pgm_secret_new (value);

      if (self->password == NULL)
        more = pgm_conninfo_with_password (self, password);
    }
  else if (pgm_conninfo_get (self, keyword) == NULL)
    more = pgm_conninfo_with (self, keyword, value);
  if (more == NULL)
    return self;
  pgm_conninfo_unref (self);
  return more;
}

PgmConninfo *
pgm_conninfo_with_environment (PgmConninfo *self)
{
  PQconninfoOption *known = PQconndefaults ();
  PgmConninfo *whole = pgm_conninfo_ref (self);

  for (PQconninfoOption *o = known; o != NULL && o->keyword != NULL; o++)
    if (o->envvar != NULL && !g_str_equal (o->keyword, "sslpassword"))
      whole = add_value (whole, o->keyword, g_getenv (o->envvar));
  wipe_options (known);
  return whole;
}

PgmConninfo *
pgm_conninfo_without_files (PgmConninfo *self, GError **error)
{
  static const char *const files[] = { "service", "servicefile", "passfile",
                                       "sslcert", "sslkey",      "sslrootcert",
                                       "sslcrl",  "sslcrldir",   NULL };
  /* Where libpq would look by itself; that there is nothing is fine with it. */
  static const char *const looked_for[] = { "passfile", "sslcert", "sslkey" };
  PgmConninfo *copy;

  for (guint i = 0; files[i] != NULL; i++)
    if (pgm_conninfo_get (self, files[i]) != NULL &&
        !g_str_equal (pgm_conninfo_get (self, files[i]), "system")) /* sslrootcert: no file */
      {
        pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                            "Register the server as a cluster where the file is, or allow it with "
                            "share_files of the daemon's configuration.",
                            "a connection that is named from elsewhere can't use \"%s\"", files[i]);
        return NULL;
      }
  copy = conninfo_copy (self);
  for (gsize i = 0; i < G_N_ELEMENTS (looked_for); i++)
    g_hash_table_insert (copy->values, g_strdup (looked_for[i]), g_strdup ("/nonexistent"));
  return copy;
}

const char *
pgm_conninfo_get (PgmConninfo *self, const char *keyword)
{
  return g_hash_table_lookup (self->values, keyword);
}

PgmSecret *
pgm_conninfo_get_password (PgmConninfo *self)
{
  return self->password;
}

void
pgm_conninfo_foreach (PgmConninfo *self, PgmConninfoFunc function, gpointer data)
{
  GHashTableIter iter;
  gpointer keyword, value;

  g_hash_table_iter_init (&iter, self->values);
  while (g_hash_table_iter_next (&iter, &keyword, &value))
    function (keyword, value, data);
  if (self->password != NULL)
    function ("password", pgm_secret_reveal (self->password), data);
  if (self->key_password != NULL)
    function ("sslpassword", pgm_secret_reveal (self->key_password), data);
}

/* What libpq will take for @keyword: given, else environment, service, default. */
static char *
effective_value (PgmConninfo *self, PQconninfoOption *defaults, const char *keyword)
{
  const char *value = pgm_conninfo_get (self, keyword);

  for (PQconninfoOption *o = defaults; value == NULL && o != NULL && o->keyword != NULL; o++)
    if (g_str_equal (o->keyword, keyword))
      value = o->val;
  return value != NULL && *value != '\0' ? g_strdup (value) : NULL;
}

char *
pgm_conninfo_describe (PgmConninfo *self)
{
  PQconninfoOption *defaults = PQconndefaults ();
  g_autofree char *host = effective_value (self, defaults, "host");
  g_autofree char *address = effective_value (self, defaults, "hostaddr");
  g_autofree char *port = effective_value (self, defaults, "port");
  g_autofree char *user = effective_value (self, defaults, "user");
  g_autofree char *database = effective_value (self, defaults, "dbname");
  const char *service = pgm_conninfo_get (self, "service");
  wipe_options (defaults);

  if (service != NULL && pgm_conninfo_get (self, "host") == NULL)
    return g_strdup_printf ("service %s", service);
  const char *where = host != NULL ? host : address != NULL ? address : "the local socket";
  const char *name = database != NULL ? database : user;
  return g_strdup_printf ("%s on %s:%s as %s", name != NULL ? name : "?", where,
                          port != NULL ? port : "5432", user != NULL ? user : "?");
}

/* "h1:p1,h2:p2" with what a URI reserves encoded; NULL when the two lists do not
 * pair up and must travel as parameters. */
static char *
build_authority (PgmConninfo *self)
{
  const char *host = pgm_conninfo_get (self, "host");
  const char *port = pgm_conninfo_get (self, "port");

  if (host == NULL)
    return NULL;
  g_auto (GStrv) hosts = g_strsplit (host, ",", -1);
  g_auto (GStrv) ports = g_strsplit (port != NULL ? port : "", ",", -1);
  guint n_hosts = g_strv_length (hosts);
  guint n_ports = g_strv_length (ports);
  if (n_ports > 1 && n_ports != n_hosts)
    return NULL;

  GString *text = g_string_new (NULL);
  for (guint i = 0; i < n_hosts; i++)
    {
      if (i > 0)
        g_string_append_c (text, ',');
      if (strchr (hosts[i], ':') != NULL)
        g_string_append_printf (text, "[%s]", hosts[i]);
      else
        g_string_append_uri_escaped (text, hosts[i], NULL, FALSE);
      const char *p = n_ports == 0 ? "" : ports[n_ports == 1 ? 0 : i];
      if (*p != '\0')
        g_string_append_printf (text, ":%s", p);
    }
  return g_string_free (text, FALSE);
}

char *
pgm_conninfo_to_uri (PgmConninfo *self)
{
  const char *user = pgm_conninfo_get (self, "user");
  const char *database = pgm_conninfo_get (self, "dbname");
  g_autofree char *authority = build_authority (self);
  GString *uri = g_string_new ("postgresql://");

  /* libpq wants no user without a host before it, as in "user@/db": it takes it. */
  if (user != NULL)
    {
      g_string_append_uri_escaped (uri, user, NULL, FALSE);
      g_string_append_c (uri, '@');
    }
  if (authority != NULL)
    g_string_append (uri, authority);
  g_string_append_c (uri, '/');
  if (database != NULL)
    g_string_append_uri_escaped (uri, database, NULL, FALSE);

  g_autoptr (GList) keywords =
      g_list_sort (g_hash_table_get_keys (self->values), (GCompareFunc) strcmp);
  char separator = '?';
  for (GList *l = keywords; l != NULL; l = l->next)
    {
      const char *keyword = l->data;
      if (g_str_equal (keyword, "user") || g_str_equal (keyword, "dbname"))
        continue;
      if (authority != NULL && (g_str_equal (keyword, "host") || g_str_equal (keyword, "port")))
        continue;
      g_string_append_printf (uri, "%c%s=", separator, keyword);
      g_string_append_uri_escaped (uri, pgm_conninfo_get (self, keyword), NULL, FALSE);
      separator = '&';
    }
  return g_string_free (uri, FALSE);
}

static gboolean
write_all (int fd, const char *text, gsize size)
{
  while (size > 0)
    {
      gssize n = write (fd, text, size);
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return FALSE;
      text += n;
      size -= (gsize) n;
    }
  return TRUE;
}

/* A passfile of one line that fits every host, port, database and user: the
 * caller hands it to one child that connects to one server only. */
static char *
write_passfile (PgmSecret *password, const char *directory, GError **error)
{
  const char *text = pgm_secret_reveal (password);
  if (strpbrk (text, "\r\n") != NULL)
    {
      pgm_error_set_full (
          error, PGM_ERROR_REFUSED, NULL, NULL,
          "Use another password, or a client certificate, for the role that clones.",
          "a password with a line break can't be given to pg_dump");
      return NULL;
    }

  /* Sized for the worst case, so that no reallocation leaves a copy behind. */
  GString *line = g_string_sized_new (strlen (text) * 2 + 16);
  g_string_append (line, "*:*:*:*:");
  for (const char *p = text; *p != '\0'; p++)
    {
      if (*p == ':' || *p == '\\')
        g_string_append_c (line, '\\');
      g_string_append_c (line, *p);
    }
  g_string_append_c (line, '\n');

  g_autofree char *name = g_strdup_printf ("passfile-%08x%08x", g_random_int (), g_random_int ());
  g_autofree char *path = g_build_filename (directory, name, NULL);
  int fd = g_open (path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  gboolean ok = fd >= 0 && write_all (fd, line->str, line->len);
  int saved = errno;
  if (fd >= 0 && close (fd) != 0 && ok)
    {
      ok = FALSE;
      saved = errno;
    }
  pgm_secret_wipe (line->str, line->len);
  g_string_free (line, TRUE);
  if (!ok)
    {
      if (fd >= 0)
        g_unlink (path);
      pgm_error_set (error, PGM_ERROR_FAILED, "can't write a passfile in %s: %s", directory,
                     g_strerror (saved));
      return NULL;
    }
  return g_steal_pointer (&path);
}

GStrv
pgm_conninfo_to_environment (PgmConninfo *self, const char *directory, GError **error)
{
  g_autofree char *passfile = NULL;
  gboolean has_password = self->password != NULL && *pgm_secret_reveal (self->password) != '\0';

  if (has_password && (passfile = write_passfile (self->password, directory, error)) == NULL)
    return NULL;

  GStrvBuilder *builder = g_strv_builder_new ();
  PQconninfoOption *known = PQconndefaults ();
  for (PQconninfoOption *o = known; o != NULL && o->keyword != NULL; o++)
    {
      const char *value = pgm_conninfo_get (self, o->keyword);
      if (o->envvar == NULL || value == NULL)
        continue;
      if (has_password && g_str_equal (o->keyword, "passfile"))
        continue;
      g_autofree char *pair = g_strdup_printf ("%s=%s", o->envvar, value);
      g_strv_builder_add (builder, pair);
    }
  wipe_options (known);

  if (has_password)
    {
      /* PGPASSWORD would win over the file. */
      g_autofree char *pair = g_strdup_printf ("PGPASSFILE=%s", passfile);
      g_strv_builder_add (builder, pair);
      g_strv_builder_add (builder, "PGPASSWORD");
    }
  GStrv environment = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return environment;
}
