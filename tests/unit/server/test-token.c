/* The token's file, and tickets. */
#include "server/token.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "server/ticket.h"

static void
test_file (void)
{
  g_autofree char *directory = g_dir_make_tmp ("pgm-token-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "token", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (PgmSecret) first = pgm_token_open (path, &error);
  g_autoptr (PgmSecret) second = pgm_token_open (path, &error);
  struct stat status;

  g_assert_no_error (error);
  g_assert_cmpuint (strlen (pgm_secret_reveal (first)), ==, PGM_TOKEN_LENGTH);
  g_assert_true (pgm_secret_equal (first, second));
  g_assert_cmpint (stat (path, &status), ==, 0);
  g_assert_cmpuint (status.st_mode & 07777, ==, 0600);

  g_assert_cmpint (g_chmod (path, 0640), ==, 0);
  g_assert_null (pgm_token_open (path, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_assert_nonnull (strstr (pgm_error_get_hint (error), "chmod 600"));
  g_clear_error (&error);

  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  g_assert_true (g_file_set_contents (path, "short\n", -1, NULL));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  g_assert_null (pgm_token_open (path, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
  g_clear_error (&error);
  g_unlink (path);

  g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  g_assert_null (pgm_token_open (path, &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_REFUSED);
  g_rmdir (path);
  /* Nothing of what was tried is left behind. */
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

static gpointer
open_in_thread (gpointer path)
{
  return pgm_token_open (path, NULL);
}

/* Many processes that begin at once share one token. */
static void
test_race (void)
{
  for (guint round = 0; round < 50; round++)
    {
      g_autofree char *directory = g_dir_make_tmp ("pgm-token-XXXXXX", NULL);
      g_autofree char *path = g_build_filename (directory, "token", NULL);
      GThread *threads[8];
      PgmSecret *tokens[8];

      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        threads[i] = g_thread_new ("open", open_in_thread, path);
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        tokens[i] = g_thread_join (threads[i]);
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        {
          g_assert_nonnull (tokens[i]);
          g_assert_true (pgm_secret_equal (tokens[0], tokens[i]));
        }
      for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
        pgm_secret_unref (tokens[i]);
      g_unlink (path);
      g_assert_cmpint (g_rmdir (directory), ==, 0);
    }
}

static void
test_matches (void)
{
  g_assert_true (pgm_token_matches ("abc", "abc"));
  g_assert_false (pgm_token_matches ("abc", "abd"));
  g_assert_false (pgm_token_matches ("abc", "ab"));
  g_assert_false (pgm_token_matches ("abc", "abcd"));
  g_assert_false (pgm_token_matches ("abc", ""));
}

/* Good once, and not for long; of very many the newest. */
static void
test_tickets (void)
{
  PgmTickets *tickets = pgm_tickets_new ();
  const gint64 second = G_USEC_PER_SEC;
  g_autofree char *first = g_strdup (pgm_tickets_issue (tickets, 0));
  g_autofree char *late = g_strdup (pgm_tickets_issue (tickets, 0));
  g_autofree char *pushed = NULL;

  g_assert_true (g_str_has_prefix (first, PGM_TICKET_PREFIX));
  g_assert_cmpstr (first, !=, late);
  g_assert_false (pgm_tickets_take (tickets, PGM_TICKET_PREFIX, second));
  g_assert_false (pgm_tickets_take (tickets, first + 1, second));
  g_assert_true (pgm_tickets_take (tickets, first, second));
  g_assert_false (pgm_tickets_take (tickets, first, second));
  g_assert_false (pgm_tickets_take (tickets, late, PGM_TICKET_SECONDS * second));

  pushed = g_strdup (pgm_tickets_issue (tickets, 0));
  for (guint i = 0; i < 1000; i++)
    pgm_tickets_issue (tickets, 0);
  g_assert_false (pgm_tickets_take (tickets, pushed, second));
  g_assert_true (pgm_tickets_take (tickets, pgm_tickets_issue (tickets, 0), second));
  pgm_tickets_free (tickets);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/token/file", test_file);
  g_test_add_func ("/server/token/race", test_race);
  g_test_add_func ("/server/token/matches", test_matches);
  g_test_add_func ("/server/token/tickets", test_tickets);
  return g_test_run ();
}
