/* The key files: what is taken, and how a mistake is named. */
#include "store/config.h"

#include <glib/gstdio.h>

typedef struct
{
  char *directory;
  char *first;
  char *second;
} Files;

static void
set_up (Files *self, gconstpointer data)
{
  self->directory = g_dir_make_tmp ("pgm-config-XXXXXX", NULL);
  self->first = g_build_filename (self->directory, "system.conf", NULL);
  self->second = g_build_filename (self->directory, "own.conf", NULL);
}

static void
tear_down (Files *self, gconstpointer data)
{
  g_unlink (self->first);
  g_unlink (self->second);
  g_rmdir (self->directory);
  g_free (self->directory);
  g_free (self->first);
  g_free (self->second);
}

static PgmConfig *
load (Files *self, const char *first, const char *second, GError **error)
{
  const char *const paths[] = { self->first, self->second, NULL };

  if (first != NULL)
    g_assert_true (g_file_set_contents (self->first, first, -1, NULL));
  if (second != NULL)
    g_assert_true (g_file_set_contents (self->second, second, -1, NULL));
  return pgm_config_load_files (paths, error);
}

static void
test_defaults (Files *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmConfig *config = load (self, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (config->copy_workers, ==, 0);
  g_assert_nonnull (config->state_dir);
  pgm_record_unref (config);
}

static void
test_order (Files *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmConfig *config = load (self,
                            "# the system's\n[pgmanager]\ncopy_workers=8\nindex_workers = 3\n"
                            "split_larger_than=512MB\nbindir=/opt/pg/bin\n",
                            "[pgmanager]\ncopy_workers = 2 \nstate_dir=/srv/state\n", &error);

  g_assert_no_error (error);
  g_assert_cmpint (config->copy_workers, ==, 2);
  g_assert_cmpint (config->index_workers, ==, 3);
  g_assert_cmpuint (config->split_larger_than, ==, 512 * 1024 * 1024);
  g_assert_cmpstr (config->bindir, ==, "/opt/pg/bin");
  g_assert_cmpstr (config->state_dir, ==, "/srv/state");
  pgm_record_unref (config);
}

static void
test_mistakes (Files *self, gconstpointer data)
{
  static const struct
  {
    const char *text;
    const char *message;
  } cases[] = {
    { "[pgmanager]\n# x\ncopy_wrokers=2\n", "own.conf:3: key \"copy_wrokers\" is not known" },
    { "[pgmanager]\n\n\ncopy_workers=many\n", "own.conf:4: copy_workers: " },
    { "[pgmanager]\ncopy_workers=0\n", "own.conf:2: copy_workers: " },
    { "[pgmanager]\ncopy_workers=65\n", "own.conf:2: copy_workers: " },
    { "[pgmanager]\nsplit_larger_than=big\n", "own.conf:2: split_larger_than: " },
    { "[pgmanager]\nbindir=bin\n", "own.conf:2: bindir: \"bin\" is not an absolute path" },
    { "[pgmanager]\nbindir=\n", "own.conf:2: bindir: \"\" is not an absolute path" },
    { "[pgmanager]\n[sever]\nport=1\n", "own.conf:2: group [sever] is not known" },
    { "[pgmanager]\nserver=x\n", "own.conf:2: key \"server\" is not known" },
    { "[pgmanager]\nport=1\n", "own.conf:2: key \"port\" is not known" },
    { "[server]\ncopy_workers=1\n", "own.conf:2: key \"copy_workers\" is not known" },
    { "[server]\nport=65536\n", "own.conf:2: port: " },
    { "[server]\nport=0\n", "own.conf:2: port: " },
    { "[server]\nmax_connections=0\n", "own.conf:2: max_connections: " },
    { "[server]\ntoken_file=token\n", "own.conf:2: token_file: \"token\" is not an abs" },
    { "copy_workers=2\n", "own.conf: " },
    { "[pgmanager]\nnonsense\n", "own.conf: " },
    { "[pgmanager]\nbindir=/a\xff\n", "own.conf:2: bindir: " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", cases[i].message);
      g_assert_null (load (self, "[pgmanager]\n", cases[i].text, &error));
      g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, cases[i].message));
    }
}

static void
test_server (Files *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  PgmConfig *config = load (self, "[server]\nport=7000\nmax_connections=5\n",
                            "[server]\nlisten = 0.0.0.0, [::1]:7655 ::1\tlocalhost:1\n"
                            "tls_certificate=/c\ntls_key=/k\nallowed_hosts=db.example.com\n"
                            "share_files=true\n",
                            &error);
  g_auto (GStrv) addresses = NULL;
  g_autofree char *joined = NULL;

  g_assert_no_error (error);
  addresses = pgm_config_list_addresses (config);
  joined = g_strjoinv (" ", addresses);
  g_assert_cmpstr (joined, ==, "0.0.0.0:7000 [::1]:7655 [::1]:7000 localhost:1");
  g_assert_cmpint (config->server->max_connections, ==, 5);
  g_assert_cmpstr (config->server->tls_key, ==, "/k");
  g_assert_cmpstr (config->server->allowed_hosts[0], ==, "db.example.com");
  g_assert_true (config->server->share_files);
  pgm_record_unref (config);
}

/* Loopback unless said otherwise, and nothing at all when that is said. */
static void
test_server_defaults (Files *self, gconstpointer data)
{
  PgmConfig *config = load (self, "[pgmanager]\nstate_dir=/srv/state\n", NULL, NULL);
  g_auto (GStrv) addresses = pgm_config_list_addresses (config);
  g_autofree char *token_file = pgm_config_get_token_file (config);
  g_auto (GStrv) none = NULL;

  g_assert_cmpstr (addresses[0], ==, "127.0.0.1:7654");
  g_assert_null (addresses[1]);
  g_assert_cmpstr (token_file, ==, "/srv/state/token");
  pgm_record_unref (config);
  config = load (self, "[server]\nlisten=\n", NULL, NULL);
  none = pgm_config_list_addresses (config);
  g_assert_null (none[0]);
  pgm_record_unref (config);
}

static void
test_not_readable (Files *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const char *const paths[] = { self->directory, NULL };

  g_assert_null (pgm_config_load_files (paths, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
}

static void
test_apply (Files *self, gconstpointer data)
{
  PgmConfig *config = load (self,
                            "[pgmanager]\ncopy_workers=8\nindex_workers=3\nbindir=/opt\n"
                            "split_larger_than=1MB\ncompare_workers=5\n",
                            NULL, NULL);
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);

  spec->clone = pgm_record_new (&pgm_clone_options_type);
  spec->clone->copy_workers = 1;
  spec->compare = pgm_record_new (&pgm_compare_options_type);
  pgm_config_apply (config, spec);
  g_assert_cmpint (spec->clone->copy_workers, ==, 1);
  g_assert_cmpint (spec->clone->index_workers, ==, 3);
  g_assert_cmpuint (spec->clone->split_bytes, ==, 1024 * 1024);
  g_assert_cmpstr (spec->clone->bindir, ==, "/opt");
  g_assert_cmpint (spec->compare->workers, ==, 5);
  pgm_record_unref (spec);
  pgm_record_unref (config);
}

#define ADD(name, func) g_test_add ("/store/config/" name, Files, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("defaults", test_defaults);
  ADD ("order", test_order);
  ADD ("server", test_server);
  ADD ("server-defaults", test_server_defaults);
  ADD ("mistakes", test_mistakes);
  ADD ("not-readable", test_not_readable);
  ADD ("apply", test_apply);
  return g_test_run ();
}
