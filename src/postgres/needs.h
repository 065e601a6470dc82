/* What a role must be allowed for each purpose, on the version of the server at hand:
 * what of it is granted, what its absence disables, and the statements that grant it; and
 * the script of a role that has exactly that. */
#pragma once

#include "postgres/server.h"

G_BEGIN_DECLS

typedef enum
{
  PGM_PURPOSE_MIGRATE_FROM = 1 << 0,
  PGM_PURPOSE_MIGRATE_TO = 1 << 1,
  PGM_PURPOSE_MONITOR = 1 << 2,
  PGM_PURPOSE_BACK_UP = 1 << 3,
  PGM_PURPOSE_ADMINISTER = 1 << 4,
} PgmPurpose;

#define PGM_PURPOSE_ALL 0x1f

/* "migrate-from", …, by bit. NULL for an unknown one. */
const char *pgm_purpose_to_name (PgmPurpose purpose);

/* Comma-separated names; NULL or "" is all. PGM_ERROR_USAGE names an unknown one. */
gboolean pgm_purpose_parse (const char *text,
                            PgmPurpose *purposes,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct
{
  PgmPurpose purpose; /* one */
  char *name;         /* "REPLICATION", "SELECT on all tables of schema shop" */
  gboolean granted;
  gboolean required;
  const char *disables;  /* static */
  char *grant_sql;       /* NULL: can't be granted on this version */
  const char *note;      /* static, may be NULL */
  const char *attribute; /* of the role, for CREATE ROLE; NULL for a grant */
  gboolean in_script;    /* else only as a comment there */
} PgmNeed;

typedef struct
{
  char *role;      /* whose privileges were looked at */
  gboolean exists; /* is there such a role? */
  gboolean superuser;
  char *script_role;      /* for whom the script is */
  gboolean script_exists; /* is there such a role? */
  char *script;
  GPtrArray *needs; /* PgmNeed, by purpose */
} PgmNeeds;

/* @role: whose; NULL: our own, and then, when we are a superuser, the script is for a new
 * role "pgmanager". The database is the one that we are in. */
PgmNeeds *pgm_needs_read (PgmConnection *connection,
                          const PgmServerInfo *server,
                          PgmPurpose purposes,
                          const char *role,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void pgm_needs_free (PgmNeeds *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PgmNeeds, pgm_needs_free)

G_END_DECLS
