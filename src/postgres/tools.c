#include "config.h"

#include "postgres/tools.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "postgres/restore-script.h"

void
pgm_tool_free (PgmTool *self)
{
  if (self == NULL)
    return;
  g_free (self->path);
  g_free (self->version_text);
  g_free (self);
}

static gboolean
is_program (const char *path)
{
  return g_file_test (path, G_FILE_TEST_IS_REGULAR) &&
         g_file_test (path, G_FILE_TEST_IS_EXECUTABLE);
}

/* Adds @parent/<prefix>*<suffix>, such as /usr/lib/postgresql/15/bin. */
static void
add_versioned (GPtrArray *directories, const char *parent, const char *prefix)
{
  g_autoptr (GDir) dir = g_dir_open (parent, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, prefix) && g_ascii_isdigit (name[strlen (prefix)]))
      g_ptr_array_add (directories, g_build_filename (parent, name, "bin", NULL));
}

static void
add_list (GPtrArray *directories, const char *list)
{
  g_auto (GStrv) parts = g_strsplit (list != NULL ? list : "", G_SEARCHPATH_SEPARATOR_S, -1);

  for (guint i = 0; parts[i] != NULL; i++)
    if (g_path_is_absolute (parts[i]))
      g_ptr_array_add (directories, g_strdup (parts[i]));
}

/* Where to look, what was named by hand first. */
static GPtrArray *
list_directories (const char *only)
{
  GPtrArray *directories = g_ptr_array_new_with_free_func (g_free);

  if (only != NULL)
    {
      g_ptr_array_add (directories, g_strdup (only));
      return directories;
    }
  add_list (directories, g_getenv ("PGMANAGER_PG_BINDIR"));
  add_versioned (directories, "/usr/lib/postgresql", "");
  add_versioned (directories, "/usr", "pgsql-");
  add_list (directories, g_getenv ("PATH"));
  return directories;
}

/* The real file, or NULL. Debian's /usr/bin/pg_dump is a wrapper that picks a
 * version by rules of its own: never taken. */
static char *
resolve_program (const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);
  char *real = is_program (path) ? realpath (path, NULL) : NULL;

  if (real == NULL)
    return NULL;
  g_autofree char *base = g_path_get_basename (real);
  char *result = g_str_equal (base, "pg_wrapper") ? NULL : g_strdup (real);
  free (real);
  return result;
}

/* "pg_dump (PostgreSQL) 15.20 (Debian …)", "postgres (PostgreSQL) 18beta1". */
static PgmTool *
parse_version (const char *path, const char *output)
{
  const char *text = strstr (output, "(PostgreSQL) ");
  if (text == NULL)
    return NULL;
  text += strlen ("(PostgreSQL) ");
  gint64 major = g_ascii_strtoll (text, NULL, 10);
  if (major < 1 || major > 999)
    return NULL;

  PgmTool *self = g_new0 (PgmTool, 1);
  self->path = g_strdup (path);
  self->major = (int) major;
  self->version_text = g_strndup (text, strcspn (text, " \r\n"));
  return self;
}

static PgmTool *
ask_version (const char *path, GCancellable *cancellable, GError **error)
{
  const char *argv[] = { path, "--version", NULL };
  g_autoptr (GError) local = NULL;
  g_autoptr (PgmChildResult) result =
      pgm_child_run (argv, NULL, NULL, -1, -1, PGM_CHILD_KEEP_OUTPUT, cancellable, &local);

  /* One that does not run (another architecture, a missing library) is not there. */
  if (result == NULL && pgm_error_is_cancelled (local))
    g_propagate_error (error, g_steal_pointer (&local));
  if (result == NULL || result->status != 0)
    return NULL;
  gsize size = 0;
  const char *data = g_bytes_get_data (result->output, &size);
  g_autofree char *output = g_strndup (data != NULL ? data : "", size);
  return parse_version (path, output);
}

/* Every program @name that is there, each file once. NULL when cancelled. */
static GPtrArray *
find_all (const char *name, const char *directory, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) directories = list_directories (directory);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GPtrArray) tools = g_ptr_array_new_with_free_func ((GDestroyNotify) pgm_tool_free);
  GError *local = NULL;

  for (guint i = 0; i < directories->len; i++)
    {
      char *path = resolve_program (g_ptr_array_index (directories, i), name);
      if (path == NULL || !g_hash_table_add (seen, path))
        continue;
      PgmTool *tool = ask_version (path, cancellable, &local);
      if (local != NULL)
        {
          g_propagate_error (error, local);
          return NULL;
        }
      if (tool != NULL)
        g_ptr_array_add (tools, tool);
    }
  return g_steal_pointer (&tools);
}

static void
set_not_found (const char *name, const char *directory, int major, GPtrArray *tools, GError **error)
{
  g_autoptr (GString) detail = g_string_new (NULL);
  g_autofree char *hint = NULL;

  for (guint i = 0; i < tools->len; i++)
    {
      const PgmTool *tool = g_ptr_array_index (tools, i);
      g_string_append_printf (detail, "%s%s %s: %s", i > 0 ? "\n" : "", name, tool->version_text,
                              tool->path);
    }
  if (tools->len == 0)
    g_string_append_printf (detail, "No %s was found%s%s.", name, directory != NULL ? " in " : "",
                            directory != NULL ? directory : "");
  hint = g_strdup_printf (
      "Install postgresql-client-%d (Debian) or postgresql%d (RHEL), or name the directory of its "
      "programs in PGMANAGER_PG_BINDIR.",
      major, major);
  pgm_error_set_full (error, PGM_ERROR_NOT_FOUND, NULL, detail->str, hint,
                      "%s of version %d or newer is not installed", name, major);
}

PgmTool *
pgm_tool_find (const char *name,
               const char *directory,
               int min_major,
               int exact_major,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (GPtrArray) tools = find_all (name, directory, cancellable, error);
  guint best = G_MAXUINT;

  if (tools == NULL)
    return NULL;
  for (guint i = 0; i < tools->len; i++)
    {
      const PgmTool *tool = g_ptr_array_index (tools, i);
      const PgmTool *before = best < tools->len ? g_ptr_array_index (tools, best) : NULL;
      if (tool->major < min_major || (before != NULL && before->major == exact_major))
        continue;
      if (before == NULL || tool->major == exact_major || tool->major < before->major)
        best = i;
    }
  if (best == G_MAXUINT)
    {
      set_not_found (name, directory, MAX (min_major, 1), tools, error);
      return NULL;
    }
  return g_ptr_array_steal_index (tools, best);
}

char *
pgm_tool_find_server (int major, int *found_major, GError **error)
{
  g_autoptr (GPtrArray) tools = find_all ("postgres", NULL, NULL, error);
  const PgmTool *best = NULL;

  if (tools == NULL)
    return NULL;
  for (guint i = 0; i < tools->len; i++)
    {
      const PgmTool *tool = g_ptr_array_index (tools, i);
      g_autofree char *directory = g_path_get_dirname (tool->path);
      g_autofree char *initdb = g_build_filename (directory, "initdb", NULL);
      g_autofree char *pg_ctl = g_build_filename (directory, "pg_ctl", NULL);
      if ((major != 0 && tool->major != major) || !is_program (initdb) || !is_program (pg_ctl))
        continue;
      if (best == NULL || tool->major > best->major)
        best = tool;
    }
  if (best != NULL)
    {
      if (found_major != NULL)
        *found_major = best->major;
      return g_path_get_dirname (best->path);
    }

  g_autofree char *which = major != 0 ? g_strdup_printf (" %d", major) : g_strdup ("");
  pgm_error_set_full (
      error, PGM_ERROR_NOT_FOUND, NULL, NULL,
      "Install the package postgresql (Debian) or postgresql-server (RHEL), or name the directory of "
      "its programs in PGMANAGER_PG_BINDIR.",
      "a PostgreSQL%s server is not installed", which);
  return NULL;
}

static GBytes *
run_tool (PgmTool *tool,
          const char *const *argv,
          const char *const *environment,
          GCancellable *cancellable,
          GError **error)
{
  g_autoptr (PgmChildResult) result =
      pgm_child_run (argv, environment, NULL, -1, -1, PGM_CHILD_KEEP_OUTPUT, cancellable, error);

  if (result == NULL)
    return NULL;
  if (result->status == 0)
    return g_bytes_ref (result->output);

  g_autofree char *name = g_path_get_basename (tool->path);
  g_autofree char *errors = g_strchomp (g_strdup (result->errors != NULL ? result->errors : ""));
  const char *detail = *errors != '\0' ? errors : NULL;
  if (result->status < 0)
    pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, detail, NULL,
                        "%s %s was killed by signal %d", name, tool->version_text, -result->status);
  else
    pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, detail, NULL, "%s %s failed with status %d",
                        name, tool->version_text, result->status);
  return NULL;
}

static void
add_arguments (GPtrArray *argv, const char *const *arguments)
{
  for (guint i = 0; arguments != NULL && arguments[i] != NULL; i++)
    g_ptr_array_add (argv, g_strdup (arguments[i]));
}

static void
remove_passfile (char **environment)
{
  for (guint i = 0; environment[i] != NULL; i++)
    if (g_str_has_prefix (environment[i], "PGPASSFILE="))
      g_unlink (environment[i] + strlen ("PGPASSFILE="));
}

/* What libpq in the child gets besides the connection: a name that can be told
 * apart, and the database's own encoding. */
static GStrv
dump_environment (PgmConninfo *source, const char *directory, GError **error)
{
  g_auto (GStrv) environment = pgm_conninfo_to_environment (source, directory, error);
  if (environment == NULL)
    return NULL;
  GStrvBuilder *builder = g_strv_builder_new ();
  for (guint i = 0; environment[i] != NULL; i++)
    g_strv_builder_add (builder, environment[i]);
  g_strv_builder_add (builder, "PGAPPNAME=pgmanager pg_dump");
  g_strv_builder_add (builder, "PGCLIENTENCODING");
  GStrv result = g_strv_builder_end (builder);
  g_strv_builder_unref (builder);
  return result;
}

gboolean
pgm_tool_dump_schema (PgmTool *pg_dump,
                      PgmConninfo *source,
                      const char *snapshot,
                      const char *path,
                      const char *directory,
                      const char *const *arguments,
                      GCancellable *cancellable,
                      GError **error)
{
  g_auto (GStrv) environment = dump_environment (source, directory, error);
  if (environment == NULL)
    return FALSE;

  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (argv, g_strdup (pg_dump->path));
  g_ptr_array_add (argv, g_strdup ("--format=custom"));
  g_ptr_array_add (argv, g_strdup ("--compress=0"));
  g_ptr_array_add (argv, g_strdup ("--schema-only"));
  g_ptr_array_add (argv, g_strdup ("--no-password"));
  g_ptr_array_add (argv, g_strdup_printf ("--file=%s", path));
  if (snapshot != NULL)
    g_ptr_array_add (argv, g_strdup_printf ("--snapshot=%s", snapshot));
  if (pgm_conninfo_get (source, "service") != NULL)
    {
      /* A service wins over the environment, but not over what is given. */
      g_autofree char *uri = pgm_conninfo_to_uri (source);
      g_ptr_array_add (argv, g_strdup_printf ("--dbname=%s", uri));
    }
  add_arguments (argv, arguments);
  g_ptr_array_add (argv, NULL);

  g_autoptr (GBytes) output = run_tool (pg_dump, (const char *const *) argv->pdata,
                                        (const char *const *) environment, cancellable, error);
  /* Only ours: an explicitly given passfile of the user's carries no password here. */
  if (pgm_conninfo_get_password (source) != NULL)
    remove_passfile (environment);
  if (output == NULL)
    g_unlink (path);
  return output != NULL;
}

/* pg_restore with @mode, which makes it write text instead of connecting. */
static GBytes *
run_restore (PgmTool *pg_restore,
             const char *mode,
             const char *archive,
             const char *const *arguments,
             GCancellable *cancellable,
             GError **error)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (argv, g_strdup (pg_restore->path));
  g_ptr_array_add (argv, g_strdup (mode));
  add_arguments (argv, arguments);
  g_ptr_array_add (argv, g_strdup (archive));
  g_ptr_array_add (argv, NULL);
  return run_tool (pg_restore, (const char *const *) argv->pdata, NULL, cancellable, error);
}

char *
pgm_tool_restore_script (PgmTool *pg_restore,
                         const char *archive,
                         int major,
                         const char *const *arguments,
                         GCancellable *cancellable,
                         GError **error)
{
  g_autoptr (GBytes) output =
      run_restore (pg_restore, "--file=-", archive, arguments, cancellable, error);

  if (output == NULL)
    return NULL;
  gsize size = 0;
  const char *text = g_bytes_get_data (output, &size);
  return pgm_restore_script_clean (text != NULL ? text : "", size, major);
}

char *
pgm_tool_restore_list (PgmTool *pg_restore,
                       const char *archive,
                       const char *const *arguments,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (GBytes) output =
      run_restore (pg_restore, "--list", archive, arguments, cancellable, error);

  if (output == NULL)
    return NULL;
  gsize size = 0;
  const char *text = g_bytes_get_data (output, &size);
  return g_strndup (text != NULL ? text : "", size);
}
