/* clusters.json and the passwords beside it: what is written, what never is, and what
 * becomes of a file that is damaged, newer, edited by hand, or written by many at once. */
#include "store/clusters.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/secrets.h"

#define MARKED "m4rked pässword"

typedef struct
{
  char *base;
  char *path;
  char *state;
  PgmClusters *clusters;
} Files;

static void
set_up (Files *self, gconstpointer data)
{
  self->base = g_dir_make_tmp ("pgm-clusters-XXXXXX", NULL);
  self->path = g_build_filename (self->base, "config", "clusters.json", NULL);
  self->state = g_build_filename (self->base, "state", NULL);
  self->clusters = pgm_clusters_new (self->path, self->state, FALSE);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      if (g_unlink (file) != 0)
        remove_tree (file);
    }
  g_rmdir (path);
}

static void
tear_down (Files *self, gconstpointer data)
{
  pgm_clusters_free (self->clusters);
  remove_tree (self->base);
  g_free (self->base);
  g_free (self->path);
  g_free (self->state);
}

static PgmCluster *
make_cluster (const char *id, const char *name, const char *password)
{
  PgmCluster *cluster = pgm_record_new (&pgm_cluster_type);
  PgmNode *node = pgm_record_new (&pgm_node_type);

  cluster->id = g_strdup (id);
  cluster->name = g_strdup (name);
  node->host = g_strdup ("db1.example.org");
  node->password = pgm_secret_new (password);
  g_ptr_array_add (cluster->nodes, node);
  return cluster;
}

static PgmCluster *
add (Files *self, const char *id, const char *name, const char *password)
{
  g_autoptr (GError) error = NULL;
  PgmCluster *cluster = make_cluster (id, name, password);
  PgmCluster *stored = pgm_clusters_add (self->clusters, cluster, &error);

  g_assert_no_error (error);
  pgm_record_unref (cluster);
  return stored;
}

static char *
lookup (Files *self, const char *id)
{
  g_autoptr (GError) error = NULL;
  PgmCluster *cluster = pgm_clusters_get (self->clusters, id, &error);
  g_autoptr (PgmSecret) password = NULL;

  g_assert_no_error (error);
  password = pgm_clusters_lookup_password (self->clusters, id,
                                           g_ptr_array_index (cluster->nodes, 0), &error);
  g_assert_no_error (error);
  pgm_record_unref (cluster);
  return g_strdup (pgm_secret_reveal (password));
}

static void
assert_count (Files *self, guint expected)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) all = pgm_clusters_list (self->clusters, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (all->len, ==, expected);
}

static void
assert_mode (const char *path, mode_t mode)
{
  struct stat status;

  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, mode);
}

static void
test_ids (Files *self, gconstpointer data)
{
  PgmCluster *first = add (self, NULL, "Pröduction (EU)", NULL);
  PgmCluster *second = add (self, NULL, "Pröduction (EU)", NULL);
  PgmCluster *third = add (self, NULL, "Ωμέγα", NULL);
  g_autoptr (GError) error = NULL;
  PgmCluster *again;

  g_assert_cmpstr (first->id, ==, "pr-duction-eu");
  g_assert_cmpstr (second->id, ==, "pr-duction-eu-2");
  g_assert_cmpstr (third->id, ==, "cluster");
  g_assert_cmpstr (((PgmNode *) g_ptr_array_index (first->nodes, 0))->id, ==, "primary");
  g_assert_cmpint (first->created_at, >, 0);
  again = pgm_clusters_add (self->clusters, first, &error);
  g_assert_null (again);
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  assert_count (self, 3);
  pgm_record_unref (first);
  pgm_record_unref (second);
  pgm_record_unref (third);
}

static void
test_passwords (Files *self, gconstpointer data)
{
  PgmCluster *stored = add (self, "prod", "Production", MARKED);
  g_autofree char *secrets = g_build_filename (self->state, "secrets.json", NULL);
  g_autofree char *json = pgm_record_to_json (stored, FALSE);
  g_autofree char *text = NULL;
  g_autofree char *found = lookup (self, "prod");
  g_autoptr (GError) error = NULL;
  PgmCluster *changed;

  g_assert_cmpstr (found, ==, MARKED);
  g_assert_null (strstr (json, "m4rked"));
  g_assert_true (g_file_get_contents (self->path, &text, NULL, NULL));
  g_assert_null (strstr (text, "m4rked"));
  g_assert_nonnull (strstr (text, "\"password\": \"********\""));
  assert_mode (self->path, 0600);
  assert_mode (secrets, 0600);

  /* The mark keeps it; nothing takes it away. */
  changed = pgm_clusters_replace (self->clusters, "prod", stored, &error);
  g_assert_no_error (error);
  g_clear_pointer (&found, g_free);
  found = lookup (self, "prod");
  g_assert_cmpstr (found, ==, MARKED);
  pgm_record_unref (stored);
  g_clear_pointer (&((PgmNode *) g_ptr_array_index (changed->nodes, 0))->password,
                   pgm_secret_unref);
  stored = pgm_clusters_replace (self->clusters, "prod", changed, &error);
  g_assert_no_error (error);
  g_clear_pointer (&found, g_free);
  found = lookup (self, "prod");
  g_assert_null (found);
  g_clear_pointer (&text, g_free);
  g_assert_true (g_file_get_contents (secrets, &text, NULL, NULL));
  g_assert_null (strstr (text, "m4rked"));
  pgm_record_unref (stored);
  pgm_record_unref (changed);
}

static void
test_mark_without_password (Files *self, gconstpointer data)
{
  PgmCluster *cluster = make_cluster ("prod", "Production", "********");
  g_autoptr (GError) error = NULL;

  g_assert_null (pgm_clusters_add (self->clusters, cluster, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
  g_assert_nonnull (strstr (error->message, "nodes[0].password"));
  pgm_record_unref (cluster);
}

static void
test_password_in_uri (Files *self, gconstpointer data)
{
  PgmCluster *cluster = make_cluster ("prod", "Production", NULL);
  PgmNode *node = g_ptr_array_index (cluster->nodes, 0);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *found = NULL;
  PgmCluster *stored;

  node->uri = g_strdup ("postgresql://app:m4rked@db1/shop");
  stored = pgm_clusters_add (self->clusters, cluster, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (self->path, &text, NULL, NULL));
  g_assert_null (strstr (text, "m4rked"));
  found = lookup (self, "prod");
  g_assert_cmpstr (found, ==, "m4rked");
  pgm_record_unref (stored);

  g_free (node->uri);
  node->uri = g_strdup ("postgresql://db1/shop?sslpassword=m4rked");
  g_free (cluster->id);
  cluster->id = g_strdup ("other");
  g_assert_null (pgm_clusters_add (self->clusters, cluster, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
  g_assert_null (strstr (error->message, "m4rked"));
  pgm_record_unref (cluster);
}

/* Somebody's own file, a password in it: it works, and the next change takes it out. */
static void
test_edited_by_hand (Files *self, gconstpointer data)
{
  g_autofree char *directory = g_path_get_dirname (self->path);
  g_autofree char *found = NULL;
  g_autofree char *text = NULL;

  g_mkdir_with_parents (directory, 0700);
  g_assert_true (g_file_set_contents (self->path,
                                      "{\"clusters\": [{\"id\": \"a\", \"name\": \"A\", \"nodes\":"
                                      " [{\"host\": \"h\", \"password\": \"" MARKED "\"}]}]}",
                                      -1, NULL));
  found = lookup (self, "a");
  g_assert_cmpstr (found, ==, MARKED);
  pgm_record_unref (add (self, "b", "B", NULL));
  g_assert_true (g_file_get_contents (self->path, &text, NULL, NULL));
  g_assert_null (strstr (text, "m4rked"));
  g_clear_pointer (&found, g_free);
  found = lookup (self, "a");
  g_assert_cmpstr (found, ==, MARKED);
}

static char *
find_aside (Files *self)
{
  g_autofree char *directory = g_path_get_dirname (self->path);
  g_autoptr (GDir) entries = g_dir_open (directory, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (entries)) != NULL)
    if (g_str_has_prefix (name, "clusters.json.broken-"))
      return g_build_filename (directory, name, NULL);
  return NULL;
}

/* Cut anywhere: told, kept whole, and never taken for no clusters. */
static void
test_cut (Files *self, gconstpointer data)
{
  g_autofree char *text = NULL;
  gsize length;

  pgm_record_unref (add (self, "prod", "Production", MARKED));
  pgm_record_unref (add (self, "other", "Ωther", NULL));
  g_assert_true (g_file_get_contents (self->path, &text, &length, NULL));
  for (gsize cut = 0; cut < length - 1; cut++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) again = NULL;
      g_autofree char *aside = NULL;
      g_autofree char *kept = NULL;
      gsize kept_length;

      g_assert_true (g_file_set_contents (self->path, text, (gssize) cut, NULL));
      g_assert_null (pgm_clusters_list (self->clusters, &error));
      g_assert_error (error, PGM_ERROR, PGM_ERROR_FAILED);
      g_assert_nonnull (strstr (pgm_error_get_hint (error), ".broken-"));
      aside = find_aside (self);
      g_assert_nonnull (aside);
      g_assert_true (g_file_get_contents (aside, &kept, &kept_length, NULL));
      g_assert_cmpmem (kept, kept_length, text, cut);
      g_assert_null (pgm_clusters_get (self->clusters, "prod", &again));
      g_assert_error (again, PGM_ERROR, PGM_ERROR_FAILED);
      g_assert_nonnull (strstr (again->message, aside));
      g_assert_cmpint (g_unlink (aside), ==, 0);
    }
}

static void
test_begin_anew (Files *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *aside = NULL;
  PgmCluster *cluster = make_cluster ("new", "New", NULL);
  PgmCluster *stored;

  pgm_record_unref (add (self, "prod", "Production", NULL));
  g_assert_true (g_file_set_contents (self->path, "{\"clusters\": [", -1, NULL));
  g_assert_null (pgm_clusters_add (self->clusters, cluster, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_FAILED);
  g_clear_error (&error);
  stored = pgm_clusters_add (self->clusters, cluster, &error);
  g_assert_no_error (error);
  assert_count (self, 1);
  aside = find_aside (self);
  g_assert_nonnull (aside);
  pgm_record_unref (stored);
  pgm_record_unref (cluster);
}

static void
test_unknown_field (Files *self, gconstpointer data)
{
  g_autofree char *directory = g_path_get_dirname (self->path);
  g_autoptr (GError) error = NULL;

  g_mkdir_with_parents (directory, 0700);
  g_assert_true (g_file_set_contents (
      self->path, "{\"version\":1,\"clusters\":[{\"name\":\"A\",\"nodes\":[{\"hots\":\"h\"}]}]}",
      -1, NULL));
  g_assert_null (pgm_clusters_list (self->clusters, &error));
  g_assert_nonnull (strstr (error->message, "clusters[0].nodes[0].hots"));
}

static void
test_newer (Files *self, gconstpointer data)
{
  const char *const texts[] = {
    "{\"version\": 2, \"clusters\": []}",
    "{\"version\" : 12, \"clusters\": [], \"teams\": [{\"version\": 1}]}",
  };
  g_autofree char *directory = g_path_get_dirname (self->path);
  PgmCluster *cluster = make_cluster ("new", "New", NULL);

  g_mkdir_with_parents (directory, 0700);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GError) second = NULL;
      g_autofree char *text = NULL;

      g_assert_true (g_file_set_contents (self->path, texts[i], -1, NULL));
      g_assert_null (pgm_clusters_list (self->clusters, &error));
      g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
      g_assert_null (pgm_clusters_add (self->clusters, cluster, &second));
      g_assert_error (second, PGM_ERROR, PGM_ERROR_REFUSED);
      g_assert_true (g_file_get_contents (self->path, &text, NULL, NULL));
      g_assert_cmpstr (text, ==, texts[i]);
    }
  pgm_record_unref (cluster);
}

#define WRITERS 6u
#define EACH    10u

/* Processes, for that is what flock() is between. */
static void
test_many_writers (Files *self, gconstpointer data)
{
  pid_t children[WRITERS];

  for (guint i = 0; i < WRITERS; i++)
    {
      children[i] = fork ();
      if (children[i] != 0)
        continue;
      for (guint j = 0; j < EACH; j++)
        {
          g_autofree char *id = g_strdup_printf ("c-%u-%u", i, j);

          pgm_record_unref (add (self, id, id, MARKED));
        }
      _exit (0);
    }
  for (guint i = 0; i < WRITERS; i++)
    {
      int status;

      g_assert_cmpint (waitpid (children[i], &status, 0), ==, children[i]);
      g_assert_cmpint (status, ==, 0);
    }
  assert_count (self, WRITERS * EACH);
  for (guint i = 0; i < WRITERS; i++)
    {
      g_autofree char *id = g_strdup_printf ("c-%u-%u", i, EACH - 1);
      g_autofree char *found = lookup (self, id);

      g_assert_cmpstr (found, ==, MARKED);
    }
}

static void
test_symbolic_link (Files *self, gconstpointer data)
{
  g_autofree char *directory = g_path_get_dirname (self->path);
  g_autofree char *elsewhere = g_build_filename (self->base, "dotfiles.json", NULL);

  g_mkdir_with_parents (directory, 0700);
  g_assert_true (g_file_set_contents (elsewhere, "{\"clusters\":[]}", -1, NULL));
  g_assert_cmpint (symlink (elsewhere, self->path), ==, 0);
  pgm_record_unref (add (self, "a", "A", NULL));
  g_assert_true (g_file_test (self->path, G_FILE_TEST_IS_SYMLINK));
  assert_count (self, 1);
}

static void
test_remove (Files *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  pgm_record_unref (add (self, "a", "A", MARKED));
  g_assert_true (pgm_clusters_remove (self->clusters, "a", &error));
  g_assert_no_error (error);
  assert_count (self, 0);
  g_assert_false (pgm_clusters_remove (self->clusters, "a", &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_NOT_FOUND);
  /* A later cluster of the same name does not inherit its password. */
  pgm_record_unref (add (self, "a", "A", NULL));
  {
    g_autofree char *found = lookup (self, "a");

    g_assert_null (found);
  }
}

static void
test_credentials (Files *self, gconstpointer data)
{
  g_autofree char *one = g_build_filename (self->base, "a@primary", NULL);
  g_autofree char *all = g_build_filename (self->base, "b", NULL);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  pgm_record_unref (add (self, "a", "A", "overruled"));
  pgm_record_unref (add (self, "b", "B", NULL));
  g_assert_true (g_file_set_contents (one, "from systemd\n", -1, NULL));
  g_assert_true (g_file_set_contents (all, "for all", -1, NULL));
  g_setenv ("CREDENTIALS_DIRECTORY", self->base, TRUE);
  first = lookup (self, "a");
  second = lookup (self, "b");
  g_unsetenv ("CREDENTIALS_DIRECTORY");
  g_assert_cmpstr (first, ==, "from systemd");
  g_assert_cmpstr (second, ==, "for all");
}

static void
test_readable_by_others (Files *self, gconstpointer data)
{
  g_autofree char *secrets = g_build_filename (self->state, "secrets.json", NULL);
  g_autoptr (GError) error = NULL;
  PgmCluster *stored = add (self, "a", "A", MARKED);

  g_assert_cmpint (g_chmod (secrets, 0644), ==, 0);
  g_assert_null (pgm_clusters_lookup_password (self->clusters, "a",
                                               g_ptr_array_index (stored->nodes, 0), &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  pgm_record_unref (stored);
}

#define ADD(name, func) g_test_add ("/store/clusters/" name, Files, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("ids", test_ids);
  ADD ("passwords", test_passwords);
  ADD ("mark-without-password", test_mark_without_password);
  ADD ("password-in-uri", test_password_in_uri);
  ADD ("edited-by-hand", test_edited_by_hand);
  ADD ("cut-at-every-length", test_cut);
  ADD ("begin-anew", test_begin_anew);
  ADD ("unknown-field", test_unknown_field);
  ADD ("newer-version", test_newer);
  ADD ("many-writers", test_many_writers);
  ADD ("symbolic-link", test_symbolic_link);
  ADD ("remove", test_remove);
  ADD ("credentials", test_credentials);
  ADD ("readable-by-others", test_readable_by_others);
  return g_test_run ();
}
