#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "postgres/conninfo.h"

static PgmConninfo *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  PgmConninfo *info = pgm_conninfo_new (text, &error);
  g_assert_no_error (error);
  g_assert_nonnull (info);
  return info;
}

static void
test_uri (void)
{
  g_autoptr (PgmConninfo) info = parse ("postgresql://alice:s%20e@db1:5433/shop?sslmode=require");

  g_assert_cmpstr (pgm_conninfo_get (info, "host"), ==, "db1");
  g_assert_cmpstr (pgm_conninfo_get (info, "port"), ==, "5433");
  g_assert_cmpstr (pgm_conninfo_get (info, "user"), ==, "alice");
  g_assert_cmpstr (pgm_conninfo_get (info, "dbname"), ==, "shop");
  g_assert_cmpstr (pgm_conninfo_get (info, "sslmode"), ==, "require");
  g_assert_null (pgm_conninfo_get (info, "password"));
  g_assert_cmpstr (pgm_secret_reveal (pgm_conninfo_get_password (info)), ==, "s e");
  g_autofree char *description = pgm_conninfo_describe (info);
  g_assert_cmpstr (description, ==, "shop on db1:5433 as alice");
}

static void
test_keywords (void)
{
  g_autoptr (PgmConninfo) info =
      parse ("host='/var/run/a b' dbname=x password='p w' sslpassword=key");

  g_assert_cmpstr (pgm_conninfo_get (info, "host"), ==, "/var/run/a b");
  g_assert_cmpstr (pgm_secret_reveal (pgm_conninfo_get_password (info)), ==, "p w");
  g_assert_null (pgm_conninfo_get (info, "sslpassword"));
  g_autofree char *uri = pgm_conninfo_to_uri (info);
  g_assert_null (strstr (uri, "p w"));
  g_assert_null (strstr (uri, "key"));
}

static void
test_empty (void)
{
  g_autoptr (PgmConninfo) none = parse (NULL);
  g_autoptr (PgmConninfo) empty = parse ("");
  g_assert_null (pgm_conninfo_get (none, "host"));
  g_assert_null (pgm_conninfo_get (empty, "dbname"));
  g_assert_null (pgm_conninfo_get_password (empty));
}

/* Whatever is wrong with the text, no part of a password comes back. */
static void
test_malformed (void)
{
  static const char *const cases[] = {
    "postgresql://bob:hunter2%zz@host/db",
    "postgresql://bob:hunter2@[::1/db",
    "postgresql://bob:hunter2@host/db?nonsense=1",
    "password=x hunter2",
    "password=x hunter2=y",
    "host=a password='hunter2",
    "postgresql://bob:hunter2@host:port%00/db",
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (PgmConninfo) info = pgm_conninfo_new (cases[i], &error);
      g_assert_null (info);
      g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
      g_autofree char *text = pgm_error_to_text (error);
      g_assert_null (strstr (text, "hunter2"));
      g_assert_nonnull (pgm_error_get_hint (error));
    }
}

static void
test_malformed_is_explained (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmConninfo) info = pgm_conninfo_new ("host=a colour=red", &error);
  g_assert_null (info);
  g_assert_nonnull (strstr (pgm_error_get_detail (error), "colour"));
}

static void
test_round_trip (void)
{
  static const char *const keywords[] = { "host",   "hostaddr", "port",    "user",
                                          "dbname", "sslmode",  "options", "application_name" };
  static const char *const cases[] = {
    "postgresql://u%40x:secret@h1:1,h2:2/d%2Fb?sslmode=disable",
    "host=/tmp port=5433 dbname='a b?c&d' user='o\\'k'",
    "hostaddr=::1 port=1 options='-c work_mem=1MB'",
    "host=::1,fe80::1 port=5432",
    "host=a,b,c port=1,2,3 application_name=100%",
    "user=only",
    "port=77",
    "",
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (PgmConninfo) info = parse (cases[i]);
      g_autofree char *uri = pgm_conninfo_to_uri (info);
      g_autoptr (PgmConninfo) again = parse (uri);
      g_assert_null (strstr (uri, "secret"));
      for (guint k = 0; k < G_N_ELEMENTS (keywords); k++)
        if (!g_str_equal (keywords[k], "port") || strstr (cases[i], "::1,") == NULL)
          g_assert_cmpstr (pgm_conninfo_get (again, keywords[k]), ==,
                           pgm_conninfo_get (info, keywords[k]));
    }
}

static void
test_with (void)
{
  g_autoptr (PgmConninfo) info = parse ("postgresql://alice:one@db1/shop");
  g_autoptr (PgmConninfo) other = pgm_conninfo_with (info, "dbname", "bank");
  g_autoptr (PgmConninfo) unset = pgm_conninfo_with (other, "host", NULL);
  g_autoptr (PgmSecret) secret = pgm_secret_new ("two");
  g_autoptr (PgmConninfo) changed = pgm_conninfo_with_password (other, secret);
  g_autoptr (PgmConninfo) without = pgm_conninfo_with_password (changed, NULL);

  g_assert_cmpstr (pgm_conninfo_get (info, "dbname"), ==, "shop");
  g_assert_cmpstr (pgm_conninfo_get (other, "dbname"), ==, "bank");
  g_assert_null (pgm_conninfo_get (unset, "host"));
  g_assert_cmpstr (pgm_secret_reveal (pgm_conninfo_get_password (other)), ==, "one");
  g_assert_cmpstr (pgm_secret_reveal (pgm_conninfo_get_password (changed)), ==, "two");
  g_assert_null (pgm_conninfo_get_password (without));
}

static const char *
find_variable (char **environment, const char *name)
{
  for (guint i = 0; environment[i] != NULL; i++)
    if (g_str_has_prefix (environment[i], name) && environment[i][strlen (name)] == '=')
      return environment[i] + strlen (name) + 1;
  return NULL;
}

static void
test_environment (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmConninfo) info =
      parse ("host=db1 port=1 user=u dbname=d password='a:b\\\\c' sslmode=require");
  g_autofree char *directory = g_dir_make_tmp ("pgm-conninfo-XXXXXX", &error);
  g_assert_no_error (error);
  g_auto (GStrv) environment = pgm_conninfo_to_environment (info, directory, &error);
  g_assert_no_error (error);

  g_assert_cmpstr (find_variable (environment, "PGHOST"), ==, "db1");
  g_assert_cmpstr (find_variable (environment, "PGPORT"), ==, "1");
  g_assert_cmpstr (find_variable (environment, "PGUSER"), ==, "u");
  g_assert_cmpstr (find_variable (environment, "PGDATABASE"), ==, "d");
  g_assert_cmpstr (find_variable (environment, "PGSSLMODE"), ==, "require");
  g_assert_null (find_variable (environment, "PGPASSWORD"));
  g_assert_true (g_strv_contains ((const char *const *) environment, "PGPASSWORD"));

  const char *passfile = find_variable (environment, "PGPASSFILE");
  g_assert_true (g_str_has_prefix (passfile, directory));
  struct stat status;
  g_assert_cmpint (stat (passfile, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 0777, ==, 0600);
  g_autofree char *content = NULL;
  g_assert_true (g_file_get_contents (passfile, &content, NULL, NULL));
  g_assert_cmpstr (content, ==, "*:*:*:*:a\\:b\\\\c\n");
  g_unlink (passfile);
  g_rmdir (directory);
}

static void
test_environment_refuses (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmConninfo) plain = parse ("host=db1");
  g_autoptr (PgmSecret) secret = pgm_secret_new ("two\nlines");
  g_autoptr (PgmConninfo) info = pgm_conninfo_with_password (plain, secret);
  g_auto (GStrv) environment = pgm_conninfo_to_environment (info, "/tmp", &error);
  g_assert_null (environment);
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_clear_error (&error);

  g_autoptr (PgmConninfo) ordinary = parse ("host=db1 password=x");
  environment = pgm_conninfo_to_environment (ordinary, "/nonexistent/directory", &error);
  g_assert_null (environment);
  g_assert_error (error, PGM_ERROR, PGM_ERROR_FAILED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/conninfo/uri", test_uri);
  g_test_add_func ("/conninfo/keywords", test_keywords);
  g_test_add_func ("/conninfo/empty", test_empty);
  g_test_add_func ("/conninfo/malformed-hides-password", test_malformed);
  g_test_add_func ("/conninfo/malformed-is-explained", test_malformed_is_explained);
  g_test_add_func ("/conninfo/round-trip", test_round_trip);
  g_test_add_func ("/conninfo/with", test_with);
  g_test_add_func ("/conninfo/environment", test_environment);
  g_test_add_func ("/conninfo/environment-refuses", test_environment_refuses);
  return g_test_run ();
}
