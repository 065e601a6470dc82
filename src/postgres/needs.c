#include "config.h"

#include "postgres/needs-private.h"

#include <string.h>

#include "postgres/quote.h"

#define NEWEST 999

typedef enum
{
  ATTRIBUTE, /* subject: a column of pg_roles without "rol"; detail: the keyword */
  MEMBER,    /* of a predefined role */
  FUNCTION,  /* of pg_catalog, with its arguments */
  DATABASE,  /* a privilege on the database */
  PARAMETER, /* subject: its name; detail: the privilege */
  SUPERUSER, /* nothing less will do on this version */
} Kind;

typedef struct
{
  PgmPurpose purposes;
  int first; /* major versions */
  int last;
  Kind kind;
  const char *subject;
  const char *detail;
  gboolean required;
  gboolean in_script; /* although not required */
  const char *disables;
  const char *note;
} Fixed;

#define FROM       PGM_PURPOSE_MIGRATE_FROM
#define TO         PGM_PURPOSE_MIGRATE_TO
#define MONITOR    PGM_PURPOSE_MONITOR
#define BACK_UP    PGM_PURPOSE_BACK_UP
#define ADMINISTER PGM_PURPOSE_ADMINISTER

#define ORIGINS "keeping the progress in a replication origin, and the way back after a switchover"
#define ORIGIN(function)                                                                           \
  {                                                                                                \
    TO, 14, NEWEST, FUNCTION, "pg_replication_origin_" function, NULL, FALSE, TRUE, ORIGINS, NULL  \
  }
#define LOW_LEVEL "tools that copy the files themselves (pgBackRest, WAL-G, Barman)"

/* One row for each privilege of a fixed name. */
static const Fixed fixed[] = {
  { PGM_PURPOSE_ALL, 10, NEWEST, ATTRIBUTE, "canlogin", "LOGIN", TRUE, TRUE, "everything",
    "The server's pg_hba.conf must let it in as well." },
  { PGM_PURPOSE_ALL, 10, NEWEST, DATABASE, "CONNECT", NULL, TRUE, TRUE, "everything", NULL },

  { FROM, 10, NEWEST, ATTRIBUTE, "replication", "REPLICATION", FALSE, TRUE,
    "following changes (clone --follow, follow, switchover)",
    "pg_hba.conf decides about it as about other logins of this database." },
  { FROM, 10, NEWEST, DATABASE, "CREATE", NULL, FALSE, FALSE,
    "making the publication for following; one that is there already can be named with"
    " --publication",
    NULL },
  { FROM, 10, NEWEST, MEMBER, "pg_signal_backend", NULL, FALSE, FALSE,
    "ending other roles' sessions at a switchover", NULL },

  { TO, 10, NEWEST, DATABASE, "CREATE", NULL, TRUE, TRUE, "making schemas and extensions", NULL },
  ORIGIN ("create(text)"),
  ORIGIN ("drop(text)"),
  ORIGIN ("oid(text)"),
  ORIGIN ("session_setup(text)"),
  ORIGIN ("session_reset()"),
  ORIGIN ("session_progress(boolean)"),
  ORIGIN ("session_is_setup()"),
  ORIGIN ("xact_setup(pg_lsn, timestamp with time zone)"),
  ORIGIN ("xact_reset()"),
  ORIGIN ("advance(text, pg_lsn)"),
  ORIGIN ("progress(text, boolean)"),
  { TO, 10, 13, SUPERUSER, "replication origins", NULL, FALSE, FALSE, ORIGINS,
    "Before PostgreSQL 14 only a superuser may use them; a row in the schema pgmanager takes their"
    " place." },
  { TO, 15, NEWEST, PARAMETER, "session_replication_role", "SET", FALSE, TRUE,
    "following into tables with triggers, rules or foreign keys", NULL },
  { TO, 10, 14, SUPERUSER, "session_replication_role", NULL, FALSE, FALSE,
    "following into tables with triggers, rules or foreign keys",
    "Before PostgreSQL 15 only a superuser may set it." },
  { TO, 10, NEWEST, ATTRIBUTE, "bypassrls", "BYPASSRLS", FALSE, FALSE,
    "following into tables with row security", "Only a superuser can give it." },

  { MONITOR, 10, NEWEST, MEMBER, "pg_monitor", NULL, TRUE, TRUE,
    "seeing what other roles do, replication, WAL, sizes and all settings", NULL },

  { BACK_UP, 10, NEWEST, ATTRIBUTE, "replication", "REPLICATION", TRUE, TRUE,
    "pg_basebackup and pg_receivewal",
    "pg_hba.conf needs a line for the database \"replication\" and this role." },
  { BACK_UP, 10, 14, FUNCTION, "pg_start_backup(text, boolean, boolean)", NULL, FALSE, TRUE,
    LOW_LEVEL, NULL },
  { BACK_UP, 10, 14, FUNCTION, "pg_stop_backup(boolean, boolean)", NULL, FALSE, TRUE, LOW_LEVEL,
    NULL },
  { BACK_UP, 15, NEWEST, FUNCTION, "pg_backup_start(text, boolean)", NULL, FALSE, TRUE, LOW_LEVEL,
    NULL },
  { BACK_UP, 15, NEWEST, FUNCTION, "pg_backup_stop(boolean)", NULL, FALSE, TRUE, LOW_LEVEL, NULL },
  { BACK_UP, 10, NEWEST, FUNCTION, "pg_switch_wal()", NULL, FALSE, TRUE,
    "archiving the present WAL file at once", NULL },
  { BACK_UP, 10, NEWEST, FUNCTION, "pg_create_restore_point(text)", NULL, FALSE, TRUE,
    "naming moments to restore to", NULL },
  { BACK_UP, 10, NEWEST, MEMBER, "pg_read_all_settings", NULL, FALSE, TRUE,
    "looking whether archiving is set up", NULL },
  { BACK_UP, 15, NEWEST, MEMBER, "pg_checkpoint", NULL, FALSE, FALSE,
    "CHECKPOINT in front of a backup", NULL },
  { BACK_UP, 14, NEWEST, MEMBER, "pg_read_all_data", NULL, FALSE, FALSE,
    "logical backups with pg_dump", "It reads every table of every database." },

  { ADMINISTER, 10, NEWEST, MEMBER, "pg_monitor", NULL, TRUE, TRUE,
    "seeing what other roles do, replication, WAL, sizes and all settings", NULL },
  { ADMINISTER, 10, NEWEST, MEMBER, "pg_signal_backend", NULL, TRUE, TRUE,
    "cancelling statements and ending sessions of other roles", "Never those of superusers." },
  { ADMINISTER, 10, NEWEST, ATTRIBUTE, "createdb", "CREATEDB", TRUE, TRUE, "making databases",
    NULL },
  { ADMINISTER, 10, NEWEST, ATTRIBUTE, "createrole", "CREATEROLE", TRUE, TRUE, "making roles",
    "Before PostgreSQL 16 it may also change every role that is no superuser." },
  { ADMINISTER, 10, NEWEST, FUNCTION, "pg_reload_conf()", NULL, TRUE, TRUE,
    "making changed settings effective", NULL },
  { ADMINISTER, 10, NEWEST, FUNCTION, "pg_rotate_logfile()", NULL, FALSE, TRUE,
    "beginning a new log file", NULL },
  { ADMINISTER, 10, NEWEST, ATTRIBUTE, "replication", "REPLICATION", FALSE, TRUE,
    "making and dropping replication slots", NULL },
  { ADMINISTER, 15, NEWEST, MEMBER, "pg_checkpoint", NULL, FALSE, TRUE, "CHECKPOINT", NULL },
  { ADMINISTER, 17, NEWEST, MEMBER, "pg_maintain", NULL, FALSE, TRUE,
    "VACUUM, ANALYZE, REINDEX and REFRESH of other roles' tables", NULL },
  { ADMINISTER, 10, 16, SUPERUSER, "maintenance of other roles' tables", NULL, FALSE, FALSE,
    "VACUUM, ANALYZE and REINDEX of other roles' tables",
    "Before PostgreSQL 17 only a superuser or the owner may do it." },
  { ADMINISTER, 15, NEWEST, PARAMETER, "max_slot_wal_keep_size", "ALTER SYSTEM", FALSE, FALSE,
    "limiting what slots keep of the WAL", NULL },
  { ADMINISTER, 15, NEWEST, PARAMETER, "max_wal_size", "ALTER SYSTEM", FALSE, FALSE,
    "setting how far checkpoints lie apart", NULL },
  { ADMINISTER, 15, NEWEST, PARAMETER, "work_mem", "ALTER SYSTEM", FALSE, FALSE,
    "setting the memory of sorts", NULL },
  { ADMINISTER, 10, 14, SUPERUSER, "ALTER SYSTEM", NULL, FALSE, FALSE,
    "changing settings of the server", "Before PostgreSQL 15 only a superuser may do it." },
};

static const char *const purpose_names[] = { "migrate-from", "migrate-to", "monitor", "back-up",
                                             "administer" };

const char *
pgm_purpose_to_name (PgmPurpose purpose)
{
  for (guint i = 0; i < G_N_ELEMENTS (purpose_names); i++)
    if (purpose == 1u << i)
      return purpose_names[i];
  return NULL;
}

gboolean
pgm_purpose_parse (const char *text, PgmPurpose *purposes, GError **error)
{
  g_auto (GStrv) names = g_strsplit (text != NULL ? text : "", ",", -1);

  *purposes = 0;
  for (guint i = 0; names[i] != NULL; i++)
    {
      const char *name = g_strstrip (names[i]);
      guint bit = 0;

      while (bit < G_N_ELEMENTS (purpose_names) && !g_str_equal (name, purpose_names[bit]))
        bit++;
      if (bit == G_N_ELEMENTS (purpose_names))
        {
          pgm_error_set_full (error, PGM_ERROR_USAGE, NULL, NULL,
                              "The purposes are migrate-from, migrate-to, monitor, back-up and "
                              "administer.",
                              "field \"purpose\": there is no purpose \"%s\"", name);
          return FALSE;
        }
      *purposes |= 1u << bit;
    }
  if (*purposes == 0)
    *purposes = PGM_PURPOSE_ALL;
  return TRUE;
}

static void
need_free (gpointer data)
{
  PgmNeed *need = data;

  g_free (need->name);
  g_free (need->grant_sql);
  g_free (need);
}

void
pgm_needs_free (PgmNeeds *self)
{
  if (self == NULL)
    return;
  g_free (self->role);
  g_free (self->script_role);
  g_free (self->script);
  g_ptr_array_unref (self->needs);
  g_free (self);
}

PgmNeed *
pgm_needs_take (PgmNeeds *self, PgmPurpose purpose, char *name, gboolean granted, char *grant_sql)
{
  PgmNeed *need = g_new0 (PgmNeed, 1);

  need->purpose = purpose;
  need->name = name;
  need->granted = granted || self->superuser;
  need->grant_sql = grant_sql;
  g_ptr_array_add (self->needs, need);
  return need;
}

/* An SQL expression that is true when it is granted. */
static void
append_check (GString *sql, PgmNeedsReading *self, const Fixed *row)
{
  g_autofree char *subject = pgm_quote_literal (row->subject);
  g_autofree char *function = g_strconcat ("pg_catalog.", row->subject, NULL);
  g_autofree char *signature = pgm_quote_literal (function);

  switch (row->kind)
    {
    case ATTRIBUTE:
      g_string_append_printf (
          sql, "coalesce((SELECT r.rol%s FROM pg_roles r WHERE r.rolname = %s), false)",
          row->subject, self->role_literal);
      break;
    case MEMBER:
      if (self->needs->exists)
        g_string_append_printf (sql, "pg_has_role(%s, %s, 'USAGE')", self->role_literal, subject);
      else
        g_string_append (sql, "false");
      break;
    case FUNCTION:
      g_string_append_printf (sql, "has_function_privilege(%s, %s, 'EXECUTE')", self->role_literal,
                              signature);
      break;
    case DATABASE:
      g_string_append_printf (sql, "has_database_privilege(%s, current_database(), %s)",
                              self->role_literal, subject);
      break;
    case PARAMETER:
      g_string_append_printf (sql, "has_parameter_privilege(%s, %s, '%s')", self->role_literal,
                              subject, row->detail);
      break;
    case SUPERUSER:
    default:
      g_string_append (sql, "false");
    }
}

static char *
make_name (PgmNeedsReading *self, const Fixed *row)
{
  switch (row->kind)
    {
    case ATTRIBUTE:
      return g_strdup (row->detail);
    case MEMBER:
      return g_strdup_printf ("membership in %s", row->subject);
    case FUNCTION:
      return g_strdup_printf ("EXECUTE on %s", row->subject);
    case DATABASE:
      return g_strdup_printf ("%s on database %s", row->subject, self->server->database);
    case PARAMETER:
      return g_strdup_printf ("%s on parameter %s", row->detail, row->subject);
    case SUPERUSER:
    default:
      return g_strdup_printf ("SUPERUSER for %s", row->subject);
    }
}

static char *
make_grant (PgmNeedsReading *self, const Fixed *row)
{
  switch (row->kind)
    {
    case ATTRIBUTE:
      return g_strdup_printf ("ALTER ROLE %s %s;", self->grantee, row->detail);
    case MEMBER:
      return g_strdup_printf ("GRANT %s TO %s;", row->subject, self->grantee);
    case FUNCTION:
      return g_strdup_printf ("GRANT EXECUTE ON FUNCTION pg_catalog.%s TO %s;", row->subject,
                              self->grantee);
    case DATABASE:
      return g_strdup_printf ("GRANT %s ON DATABASE %s TO %s;", row->subject, self->database,
                              self->grantee);
    case PARAMETER:
      return g_strdup_printf ("GRANT %s ON PARAMETER %s TO %s;", row->detail, row->subject,
                              self->grantee);
    case SUPERUSER:
    default:
      return NULL;
    }
}

static gboolean
applies (PgmNeedsReading *self, const Fixed *row, PgmPurpose purpose)
{
  return (row->purposes & purpose) != 0 && self->server->major >= row->first &&
         self->server->major <= row->last;
}

/* All of one purpose in one round trip. */
static gboolean
read_fixed (PgmNeedsReading *self, PgmPurpose purpose, GError **error)
{
  g_autoptr (GString) sql = g_string_new ("SELECT ");
  g_autoptr (PgmResult) result = NULL;
  guint column = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (fixed); i++)
    if (applies (self, &fixed[i], purpose))
      {
        if (sql->len > strlen ("SELECT "))
          g_string_append (sql, ", ");
        append_check (sql, self, &fixed[i]);
      }
  result = pgm_connection_query (self->connection, sql->str, 0, NULL, self->cancellable, error);
  if (result == NULL)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (fixed); i++)
    if (applies (self, &fixed[i], purpose))
      {
        PgmNeed *need = pgm_needs_take (self->needs, purpose, make_name (self, &fixed[i]),
                                        pgm_result_get_bool (result, 0, column++),
                                        make_grant (self, &fixed[i]));

        need->required = fixed[i].required;
        need->in_script = (fixed[i].required || fixed[i].in_script) && fixed[i].kind != SUPERUSER;
        need->disables = fixed[i].disables;
        need->note = fixed[i].note;
        need->attribute = fixed[i].kind == ATTRIBUTE ? fixed[i].detail : NULL;
      }
  return TRUE;
}

static gboolean
look_for_role (PgmConnection *connection,
               const char *name,
               gboolean *exists,
               gboolean *superuser,
               GCancellable *cancellable,
               GError **error)
{
  const char *const parameters[] = { name };
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, "SELECT rolsuper FROM pg_roles WHERE rolname = $1", 1,
                            parameters, cancellable, error);

  *exists = result != NULL && pgm_result_get_rows (result) == 1;
  *superuser = *exists && pgm_result_get_bool (result, 0, 0);
  return result != NULL;
}

/* Whose privileges they are, and for whom the script is. */
static gboolean
choose_role (PgmNeeds *self,
             PgmConnection *connection,
             const PgmServerInfo *server,
             const char *role,
             GCancellable *cancellable,
             GError **error)
{
  gboolean given = role != NULL && *role != '\0';
  gboolean ignored;

  self->role = g_strdup (given ? role : server->user);
  if (!look_for_role (connection, self->role, &self->exists, &self->superuser, cancellable, error))
    return FALSE;
  self->script_role = g_strdup (!given && self->superuser ? "pgmanager" : self->role);
  return look_for_role (connection, self->script_role, &self->script_exists, &ignored, cancellable,
                        error);
}

PgmNeeds *
pgm_needs_read (PgmConnection *connection,
                const PgmServerInfo *server,
                PgmPurpose purposes,
                const char *role,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (PgmNeeds) needs = g_new0 (PgmNeeds, 1);
  g_autofree char *role_literal = NULL;
  g_autofree char *script_literal = NULL;
  g_autofree char *grantee = NULL;
  g_autofree char *database = pgm_quote_identifier (server->database);
  PgmNeedsReading reading;

  needs->needs = g_ptr_array_new_with_free_func (need_free);
  if (!choose_role (needs, connection, server, role, cancellable, error))
    return NULL;
  role_literal = needs->exists ? pgm_quote_literal (needs->role) : g_strdup ("'public'");
  script_literal = pgm_quote_literal (needs->script_role);
  grantee = pgm_quote_identifier (needs->script_role);
  reading = (PgmNeedsReading){ connection,     server,  needs,    role_literal,
                               script_literal, grantee, database, cancellable };
  for (guint i = 0; i < G_N_ELEMENTS (purpose_names); i++)
    if ((purposes & 1u << i) != 0 && (!read_fixed (&reading, 1u << i, error) ||
                                      !pgm_needs_read_objects (&reading, 1u << i, error)))
      return NULL;
  needs->script = pgm_needs_write_script (&reading, purposes);
  return g_steal_pointer (&needs);
}
