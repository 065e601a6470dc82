/* --node ROLE[/ID]:WHERE. */
#include "cli/node-spec.h"

typedef struct
{
  const char *text;
  int role;
  const char *id, *host;
  gint64 port;
  const char *uri, *service, *password;
} Case;

static const Case cases[] = {
  { "primary:db1:5432", PGM_NODE_PRIMARY, NULL, "db1", 5432, NULL, NULL, NULL },
  { "replica:db2", PGM_NODE_REPLICA, NULL, "db2", 0, NULL, NULL, NULL },
  { "standby/s-1:10.0.0.1:6432", PGM_NODE_STANDBY, "s-1", "10.0.0.1", 6432, NULL, NULL, NULL },
  { "primary:[::1]:77", PGM_NODE_PRIMARY, NULL, "::1", 77, NULL, NULL, NULL },
  { "primary:[::1]", PGM_NODE_PRIMARY, NULL, "::1", 0, NULL, NULL, NULL },
  { "primary:fe80::1", PGM_NODE_PRIMARY, NULL, "fe80::1", 0, NULL, NULL, NULL },
  { "primary:/var/run/postgresql", PGM_NODE_PRIMARY, NULL, "/var/run/postgresql", 0, NULL, NULL,
    NULL },
  { "primary:service=shop", PGM_NODE_PRIMARY, NULL, NULL, 0, NULL, "shop", NULL },
  { "replica/r:postgresql://u:s3cret@h:1/d", PGM_NODE_REPLICA, "r", NULL, 0, "postgresql://u@h:1/d",
    NULL, "s3cret" },
  { "primary:host=h port=1 password=s3cret", PGM_NODE_PRIMARY, NULL, NULL, 0, "host=h port=1 ", NULL,
    "s3cret" },
};

static const char *const refused[] = {
  "",           "db1",         "db1:5432",        "primary",     "primary:",   "master:h",
  "primary:h:", "primary:h:0", "primary:h:65536", "primary:h:x", "primary/:h", "primary/a b:h",
};

static void
test_parsed (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const Case *expected = &cases[i];
      g_autoptr (GError) error = NULL;
      PgmNode *node = pgm_node_spec_parse (expected->text, &error);

      g_test_message ("%s", expected->text);
      g_assert_no_error (error);
      g_assert_cmpint (node->role, ==, expected->role);
      g_assert_cmpstr (node->id, ==, expected->id);
      g_assert_cmpstr (node->host, ==, expected->host);
      g_assert_cmpint (node->port, ==, expected->port);
      g_assert_cmpstr (node->uri, ==, expected->uri);
      g_assert_cmpstr (node->service, ==, expected->service);
      g_assert_cmpstr (pgm_secret_reveal (node->password), ==, expected->password);
      pgm_record_unref (node);
    }
}

static void
test_refused (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", refused[i]);
      g_assert_null (pgm_node_spec_parse (refused[i], &error));
      g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
    }
}

static void
test_no_password_in_errors (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (pgm_node_spec_parse ("postgresql://u:s3cret@h/d", &error));
  g_assert_null (strstr (error->message, "s3cret"));
}

static void
test_split (void)
{
  g_autofree char *cluster = NULL, *node = NULL, *alone = NULL, *none = NULL;

  pgm_node_spec_split ("prod/replica", &cluster, &node);
  pgm_node_spec_split ("prod/", &alone, &none);
  g_assert_cmpstr (cluster, ==, "prod");
  g_assert_cmpstr (node, ==, "replica");
  g_assert_cmpstr (alone, ==, "prod");
  g_assert_null (none);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/node-spec/parsed", test_parsed);
  g_test_add_func ("/cli/node-spec/refused", test_refused);
  g_test_add_func ("/cli/node-spec/no-password-in-errors", test_no_password_in_errors);
  g_test_add_func ("/cli/node-spec/split", test_split);
  return g_test_run ();
}
