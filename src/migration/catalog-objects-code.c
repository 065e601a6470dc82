#include "config.h"

#include "migration/catalog-objects-private.h"

/* Extensions, types, functions, operators, casts: what a query can name. */

/* A dump names no version, so between majors each has its server's default. */
static const char extensions_sql[] =
    "SELECT quote_ident(x.extname), NULL, NULL, "
    "concat('CREATE EXTENSION ', quote_ident(x.extname), ' SCHEMA ', quote_ident(n.nspname), "
    "' VERSION ', quote_literal(x.extversion)), "
    "concat(x.extname, ' ', n.nspname, ' ', $same{x.extversion$:NULL$}) "
    "FROM pg_extension x JOIN pg_namespace n ON n.oid = x.extnamespace";

static const char types_sql[] =
    "SELECT @name(n.nspname, t.typname), n.nspname, NULL, "
    "concat('CREATE TYPE ', @name(n.nspname, t.typname), ' AS ', CASE t.typtype "
    "WHEN 'e' THEN 'ENUM (' || coalesce((SELECT string_agg(quote_literal(v.enumlabel), ', ' "
    "ORDER BY v.enumsortorder) FROM pg_enum v WHERE v.enumtypid = t.oid), '') || ')' "
    "WHEN 'c' THEN '(' || coalesce((SELECT string_agg(concat(quote_ident(a.attname), ' ', "
    "format_type(a.atttypid, a.atttypmod), CASE WHEN a.attcollation <> at.typcollation "
    "THEN ' COLLATE ' || @collation(a.attcollation) END), ', ' ORDER BY a.attnum) "
    "FROM pg_attribute a JOIN pg_type at ON at.oid = a.atttypid "
    "WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '') || ')' "
    "WHEN 'r' THEN (SELECT concat('RANGE (SUBTYPE = ', format_type(g.rngsubtype, NULL), "
    "', SUBTYPE_OPCLASS = ' || (SELECT @name(en.nspname, oc.opcname) FROM pg_opclass oc "
    "JOIN pg_namespace en ON en.oid = oc.opcnamespace WHERE oc.oid = g.rngsubopc), "
    "', COLLATION = ' || @collation(nullif(g.rngcollation, 0)), "
    "', CANONICAL = ' || nullif(g.rngcanonical::oid, 0)::regproc, "
    "', SUBTYPE_DIFF = ' || nullif(g.rngsubdiff::oid, 0)::regproc, "
    "$b14{', MULTIRANGE_TYPE_NAME = ' || format_type(g.rngmultitypid, NULL)$:NULL$}, ')') "
    "FROM pg_range g WHERE g.rngtypid = t.oid) "
    "ELSE concat('(INPUT = ', t.typinput::regproc, ', OUTPUT = ', t.typoutput::regproc, "
    "', RECEIVE = ' || nullif(t.typreceive::oid, 0)::regproc, ', SEND = ' || nullif(t.typsend::oid, 0)::regproc, "
    "', TYPMOD_IN = ' || nullif(t.typmodin::oid, 0)::regproc, "
    "', TYPMOD_OUT = ' || nullif(t.typmodout::oid, 0)::regproc, "
    "', ANALYZE = ' || nullif(t.typanalyze::oid, 0)::regproc, "
    "$14{', SUBSCRIPT = ' || nullif(t.typsubscript::oid, 0)::regproc$:NULL$}, "
    "', INTERNALLENGTH = ', t.typlen, CASE WHEN t.typbyval THEN ', PASSEDBYVALUE' END, "
    "', ALIGNMENT = ', t.typalign, ', STORAGE = ', t.typstorage, ', CATEGORY = ', t.typcategory, "
    "CASE WHEN t.typispreferred THEN ', PREFERRED' END, "
    "', DEFAULT = ' || quote_literal(t.typdefault), "
    "', ELEMENT = ' || format_type(nullif(t.typelem, 0), NULL), "
    "', DELIMITER = ', quote_literal(t.typdelim::text), "
    "CASE WHEN t.typcollation <> 0 THEN ', COLLATABLE' END, ')') END), NULL "
    "FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace "
    "LEFT JOIN pg_class c ON c.oid = t.typrelid "
    "WHERE (t.typtype IN ('e', 'r') OR t.typtype = 'c' AND c.relkind = 'c' "
    "OR t.typtype = 'b' AND NOT EXISTS (SELECT FROM pg_type b WHERE b.typarray = t.oid)) "
    "AND t.typisdefined AND @user AND @own(pg_type, t.oid)";

static const char domains_sql[] =
    "SELECT @name(n.nspname, t.typname), n.nspname, NULL, "
    "concat('CREATE DOMAIN ', @name(n.nspname, t.typname), ' AS ', "
    "format_type(t.typbasetype, t.typtypmod), "
    "CASE WHEN t.typcollation <> b.typcollation THEN ' COLLATE ' || @collation(t.typcollation) END, "
    "' DEFAULT ' || coalesce(pg_get_expr(t.typdefaultbin, 0), quote_literal(t.typdefault)), CASE WHEN t.typnotnull THEN ' NOT NULL' END, "
    "(SELECT string_agg(concat(E'\\n  CONSTRAINT ', quote_ident(k.conname), ' ', "
    "pg_get_constraintdef(k.oid)), '' ORDER BY k.conname COLLATE \"C\") "
    "FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c')), NULL "
    "FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_type b ON b.oid = t.typbasetype "
    "WHERE t.typtype = 'd' AND @user AND @own(pg_type, t.oid)";

/* Those that came with a type (constructors of ranges) go with it. */
static const char functions_sql[] =
    "SELECT @function, n.nspname, NULL, pg_get_functiondef(p.oid), NULL "
    "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
    "WHERE $11{p.prokind IN ('f', 'w')$:NOT p.proisagg$} AND @user AND @single(pg_proc, p.oid)";

static const char procedures_sql[] =
    "SELECT @function, n.nspname, NULL, pg_get_functiondef(p.oid), NULL "
    "FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
    "WHERE p.prokind = 'p' AND @user AND @single(pg_proc, p.oid)";

static const char aggregates_sql[] =
    "SELECT @function, n.nspname, NULL, concat('CREATE AGGREGATE ', @function, "
    "' RETURNS ', format_type(p.prorettype, NULL), E' (\\n  SFUNC = ', g.aggtransfn::regproc, "
    "', STYPE = ', format_type(g.aggtranstype, NULL), ', SSPACE = ', g.aggtransspace, "
    "', KIND = ', g.aggkind, ', PARALLEL = ', p.proparallel, "
    "', FINALFUNC = ' || nullif(g.aggfinalfn::oid, 0)::regproc, "
    "CASE WHEN g.aggfinalextra THEN ', FINALFUNC_EXTRA' END, "
    "$11{concat(', FINALFUNC_MODIFY = ', g.aggfinalmodify)$:NULL$}, "
    "', COMBINEFUNC = ' || nullif(g.aggcombinefn::oid, 0)::regproc, "
    "', SERIALFUNC = ' || nullif(g.aggserialfn::oid, 0)::regproc, "
    "', DESERIALFUNC = ' || nullif(g.aggdeserialfn::oid, 0)::regproc, "
    "', MSFUNC = ' || nullif(g.aggmtransfn::oid, 0)::regproc, "
    "', MINVFUNC = ' || nullif(g.aggminvtransfn::oid, 0)::regproc, "
    "', MSTYPE = ' || format_type(nullif(g.aggmtranstype, 0), NULL), ', MSSPACE = ', g.aggmtransspace, "
    "', MFINALFUNC = ' || nullif(g.aggmfinalfn::oid, 0)::regproc, "
    "', SORTOP = ' || nullif(g.aggsortop, 0)::regoperator, "
    "', INITCOND = ' || quote_literal(g.agginitval), ', MINITCOND = ' || quote_literal(g.aggminitval), "
    "')'), NULL "
    "FROM pg_aggregate g JOIN pg_proc p ON p.oid = g.aggfnoid "
    "JOIN pg_namespace n ON n.oid = p.pronamespace "
    "WHERE @user AND @single(pg_proc, p.oid)";

static const char operators_sql[] =
    "SELECT o.oid::regoperator::text, n.nspname, NULL, "
    "concat('CREATE OPERATOR ', o.oid::regoperator, ' (FUNCTION = ', o.oprcode, "
    "', COMMUTATOR = ' || nullif(o.oprcom, 0)::regoperator, "
    "', NEGATOR = ' || nullif(o.oprnegate, 0)::regoperator, "
    "', RESTRICT = ' || nullif(o.oprrest::oid, 0)::regproc, "
    "', JOIN = ' || nullif(o.oprjoin::oid, 0)::regproc, "
    "CASE WHEN o.oprcanhash THEN ', HASHES' END, CASE WHEN o.oprcanmerge THEN ', MERGES' END, ')'), NULL "
    "FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace "
    "WHERE o.oprcode <> 0 AND @user AND @own(pg_operator, o.oid)";

static const char operator_families_sql[] =
    "SELECT concat(@name(n.nspname, f.opfname), ' USING ', quote_ident(m.amname)), n.nspname, NULL, "
    "concat('CREATE OPERATOR FAMILY ', @name(n.nspname, f.opfname), ' USING ', quote_ident(m.amname), "
    "(SELECT string_agg(concat(E'\\n  OPERATOR ', ao.amopstrategy, ' ', ao.amopopr::regoperator, "
    "' FOR ORDER BY ' || (SELECT opfname FROM pg_opfamily WHERE oid = nullif(ao.amopsortfamily, 0))), '' "
    "ORDER BY ao.amopstrategy, ao.amopopr::regoperator::text COLLATE \"C\") "
    "FROM pg_amop ao WHERE ao.amopfamily = f.oid), "
    "(SELECT string_agg(concat(E'\\n  FUNCTION ', ap.amprocnum, ' (', format_type(ap.amproclefttype, NULL), ', ', "
    "format_type(ap.amprocrighttype, NULL), ') ', ap.amproc::regprocedure), '' "
    "ORDER BY ap.amprocnum, ap.amproc::regprocedure::text COLLATE \"C\") "
    "FROM pg_amproc ap WHERE ap.amprocfamily = f.oid)), NULL "
    "FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am m ON m.oid = f.opfmethod "
    "WHERE @user AND @own(pg_opfamily, f.oid)";

static const char operator_classes_sql[] =
    "SELECT concat(@name(n.nspname, o.opcname), ' USING ', quote_ident(m.amname)), n.nspname, NULL, "
    "concat('CREATE OPERATOR CLASS ', @name(n.nspname, o.opcname), CASE WHEN o.opcdefault THEN ' DEFAULT' END, "
    "' FOR TYPE ', format_type(o.opcintype, NULL), ' USING ', quote_ident(m.amname), ' FAMILY ', "
    "(SELECT @name(fn.nspname, f.opfname) FROM pg_opfamily f JOIN pg_namespace fn ON fn.oid = f.opfnamespace "
    "WHERE f.oid = o.opcfamily), ' STORAGE ' || format_type(nullif(o.opckeytype, 0), NULL)), NULL "
    "FROM pg_opclass o JOIN pg_namespace n ON n.oid = o.opcnamespace JOIN pg_am m ON m.oid = o.opcmethod "
    "WHERE @user AND @own(pg_opclass, o.oid)";

static const char casts_sql[] =
    "SELECT concat('(', format_type(k.castsource, NULL), ' AS ', format_type(k.casttarget, NULL), ')'), NULL, NULL, "
    "concat('CREATE CAST (', format_type(k.castsource, NULL), ' AS ', format_type(k.casttarget, NULL), ') ', "
    "CASE k.castmethod WHEN 'i' THEN 'WITH INOUT' WHEN 'b' THEN 'WITHOUT FUNCTION' "
    "ELSE concat('WITH FUNCTION ', k.castfunc::regprocedure) END, "
    "CASE k.castcontext WHEN 'a' THEN ' AS ASSIGNMENT' WHEN 'i' THEN ' AS IMPLICIT' END), NULL "
    "FROM pg_cast k WHERE @made(k.oid) AND @single(pg_cast, k.oid)";

static const char languages_sql[] =
    "SELECT quote_ident(l.lanname), NULL, NULL, concat('CREATE ', CASE WHEN l.lanpltrusted THEN 'TRUSTED ' END, "
    "'LANGUAGE ', quote_ident(l.lanname), ' HANDLER ' || nullif(l.lanplcallfoid, 0)::regproc, "
    "' INLINE ' || nullif(l.laninline, 0)::regproc, ' VALIDATOR ' || nullif(l.lanvalidator, 0)::regproc), NULL "
    "FROM pg_language l WHERE @made(l.oid) AND @own(pg_language, l.oid)";

static const char transforms_sql[] =
    "SELECT concat('FOR ', format_type(t.trftype, NULL), ' LANGUAGE ', quote_ident(l.lanname)), NULL, NULL, "
    "concat('CREATE TRANSFORM FOR ', format_type(t.trftype, NULL), ' LANGUAGE ', quote_ident(l.lanname), ' (', "
    "'FROM SQL WITH FUNCTION ' || nullif(t.trffromsql::oid, 0)::regprocedure || ' ', "
    "'TO SQL WITH FUNCTION ' || nullif(t.trftosql::oid, 0)::regprocedure, ')'), NULL "
    "FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang "
    "WHERE @made(t.oid) AND @own(pg_transform, t.oid)";

static const char access_methods_sql[] =
    "SELECT quote_ident(m.amname), NULL, NULL, concat('CREATE ACCESS METHOD ', quote_ident(m.amname), "
    "' TYPE ', CASE m.amtype WHEN 'i' THEN 'INDEX' ELSE 'TABLE' END, ' HANDLER ', m.amhandler), NULL "
    "FROM pg_am m WHERE @made(m.oid) AND @own(pg_am, m.oid)";

static const char event_triggers_sql[] =
    "SELECT quote_ident(t.evtname), NULL, NULL, concat('CREATE EVENT TRIGGER ', quote_ident(t.evtname), ' ON ', "
    "t.evtevent, (SELECT concat(' WHEN TAG IN (', string_agg(quote_literal(g), ', ' ORDER BY g COLLATE \"C\"), ')') "
    "FROM unnest(t.evttags) g HAVING count(*) > 0), ' EXECUTE FUNCTION ', t.evtfoid::regprocedure, "
    "@enabled(t.evtenabled)), NULL "
    "FROM pg_event_trigger t WHERE @own(pg_event_trigger, t.oid)";

const PgmObjectQuery pgm_object_queries_code[] = {
  { "extension", extensions_sql, 0, 0 },
  { "type", types_sql, 0, 0 },
  { "domain", domains_sql, 0, 0 },
  { "function", functions_sql, 0, 0 },
  { "procedure", procedures_sql, 0, 11 },
  { "aggregate", aggregates_sql, 0, 0 },
  { "operator", operators_sql, 0, 0 },
  { "operator family", operator_families_sql, 0, 0 },
  { "operator class", operator_classes_sql, 0, 0 },
  { "cast", casts_sql, 0, 0 },
  { "language", languages_sql, 0, 0 },
  { "transform", transforms_sql, 0, 0 },
  { "access method", access_methods_sql, 0, 0 },
  { "event trigger", event_triggers_sql, 0, 0 },
  { NULL },
};
