#include "config.h"

#include "migration/catalog-objects-private.h"

/* What objects of any class can have: owner, privileges, comment, label; and settings. */

/* Whoever owns schema public by the server's own default is not told. */
static const char owners_sql[] =
    "SELECT concat(s.class, ' ', s.identity), s.schema, s.relation, "
    "concat('ALTER ', upper(s.class), ' ', s.identity, ' OWNER TO ', @role(s.owner)), "
    "CASE WHEN s.class = 'schema' AND s.identity = 'public' "
    "AND (s.owner = 10 OR @role(s.owner) = 'pg_database_owner') THEN 'default' END "
    "FROM (@relations UNION ALL @objects UNION ALL @unprivileged) s";

/* An ACL that is NULL and one that spells out the default are the same. The owner
 * is not named: whom an object belongs to is compared by itself. Which of two
 * defaults schema public has is not told between a server below 15 and one above. */
static const char privileges_sql[] =
    "SELECT concat(s.class, ' ', s.identity), s.schema, s.relation, "
    "coalesce(g.list, 'REVOKE ALL'), "
    "CASE WHEN s.class = 'schema' AND s.identity = 'public' AND $x15{true$:false$} "
    "AND g.list IN (E'GRANT CREATE, USAGE TO (owner)\\nGRANT CREATE, USAGE TO PUBLIC', "
    "E'GRANT CREATE, USAGE TO (owner)\\nGRANT USAGE TO PUBLIC') THEN 'default' END "
    "FROM (@relations UNION ALL @objects UNION ALL @columnacls) s "
    "CROSS JOIN LATERAL (@grants(s.acl, s.owner)) g "
    "LEFT JOIN LATERAL (@grants(acldefault(s.kind, s.owner), s.owner)) d ON true "
    "WHERE s.acl IS NOT NULL AND g.list IS DISTINCT FROM d.list";

static const char default_privileges_sql[] =
    "SELECT concat('of ', @role(a.defaclrole), ' in schema ' || quote_ident(n.nspname), ' on ', "
    "CASE a.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' "
    "WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' WHEN 'L' THEN 'large objects' ELSE a.defaclobjtype::text END), "
    "n.nspname, NULL, concat('ALTER DEFAULT PRIVILEGES FOR ROLE ', @role(a.defaclrole), "
    "' IN SCHEMA ' || quote_ident(n.nspname), E'\\n', coalesce(g.list, 'REVOKE ALL')), NULL "
    "FROM pg_default_acl a LEFT JOIN pg_namespace n ON n.oid = a.defaclnamespace "
    "CROSS JOIN LATERAL (@grants(a.defaclacl, a.defaclrole)) g "
    "WHERE n.oid IS NULL OR @user";

/* The comment of an extension comes from its version's control file. */
static const char comments_sql[] =
    "SELECT concat(i.type, ' ', i.identity), coalesce(i.schema, n.nspname), c.relname, "
    "concat('COMMENT ON ', upper(i.type), ' ', i.identity, ' IS ', quote_literal(d.description)), NULL "
    "FROM pg_description d @identified "
    "AND $same{true$:d.classoid <> 'pg_catalog.pg_extension'::regclass$}";

static const char labels_sql[] =
    "SELECT concat(d.provider, ' on ', i.type, ' ', i.identity), coalesce(i.schema, n.nspname), c.relname, "
    "concat('SECURITY LABEL FOR ', quote_ident(d.provider), ' ON ', upper(i.type), ' ', i.identity, ' IS ', "
    "quote_literal(d.label)), NULL "
    "FROM pg_seclabel d @identified";

/* By name of the role; the database itself may have another name on the other side. */
static const char settings_sql[] =
    "SELECT concat(split_part(o, '=', 1), ' for ', CASE s.setrole WHEN 0 THEN 'all roles' ELSE @role(s.setrole) END), NULL, NULL, "
    "concat('ALTER ', CASE s.setrole WHEN 0 THEN '' ELSE concat('ROLE ', @role(s.setrole), ' IN ') END, 'DATABASE SET ', "
    "split_part(o, '=', 1), ' = ', quote_literal(substr(o, strpos(o, '=') + 1))), NULL "
    "FROM pg_db_role_setting s, unnest(s.setconfig) o "
    "WHERE s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())";

const PgmObjectQuery pgm_object_queries_attributes[] = {
  { "owner", owners_sql, PGM_OBJECT_QUERY_OWNER, 0 },
  { "privileges", privileges_sql, PGM_OBJECT_QUERY_ACL, 0 },
  { "default privileges", default_privileges_sql, PGM_OBJECT_QUERY_ACL, 0 },
  { "comment", comments_sql, 0, 0 },
  { "security label", labels_sql, 0, 0 },
  { "setting", settings_sql, 0, 0 },
  { NULL },
};
