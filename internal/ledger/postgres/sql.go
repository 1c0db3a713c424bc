package postgres

import "strings"

const recordColumns = "stream, seq, id, kind, at, actor, service, environment, fence, prev, hash, body"

func columnNames() []string { return strings.Split(recordColumns, ", ") }

// statements are the driver's SQL, with the schema's name put in.
type statements struct {
	version, meta, putMeta, dropMeta, identity, finish           string
	sealFunction, sealTrigger, unsealTrigger                     string
	insertFirst, insertNext, insertFirstFenced, insertNextFenced string
	last, byID, stream, heads, streams                           string
	lease, leases, heldLeases, everyLease                        string
	insertLease, updateLease                                     string
	query, sweep, sweepOn                                        string
}

// The parts of an insert. The record before must be there with the very hash that
// the new one follows, and with the very content: nothing is built upon a record
// that was changed. A lease is locked against a change until the commit, which
// makes the check of the fence one with the append; where the lease is being
// changed, the row is looked at again after that.
const (
	values = "SELECT $1::text, $2::bigint, $3::text, $4::text, $5::bigint, $6::text, $7::text, $8::text, $9::bigint, $10::bytea, $11::bytea, $12::text"
	// first needs no record before it; the primary key says whether there is one.
	first = "TRUE"
	// next looks for the end of the stream and not for the record of that number: where a
	// server knows nothing of the table yet, both unique indexes look alike to it, and by the
	// one of ids it would read the whole stream with each append.
	next = "EXISTS (SELECT FROM (SELECT * FROM @.record WHERE stream = $1 AND seq < $2 ORDER BY seq DESC LIMIT 1) p" +
		" WHERE p.seq = $2 - 1 AND p.hash = $10 AND " + content + " = $13)"
	fenced = "EXISTS (SELECT FROM held)"
	// content is a digest of all that a record says; see fingerprint.
	content = `sha256(convert_to(concat_ws(E'\x1f', p.id, p.kind, p.at, p.actor, p.service, p.environment, p.fence, encode(p.prev, 'hex'), p.body), 'UTF8'))`
)

// held locks the lease whose name is the parameter of that number.
func held(parameter string) string {
	return "WITH held AS MATERIALIZED (SELECT 1 FROM @.lease WHERE name = " + parameter + " AND fence = $9 FOR SHARE)\n"
}

func newStatements(schema string) statements {
	in := func(query string) string { return strings.ReplaceAll(query, "@", schema) }
	insert := func(with string, conditions ...string) string {
		return in(with + "INSERT INTO @.record (" + recordColumns + ") " + values +
			" WHERE " + strings.Join(conditions, " AND ") + " ON CONFLICT DO NOTHING")
	}
	return statements{
		version:           in("SELECT value::int FROM @.meta WHERE key = $1"),
		meta:              in("SELECT value FROM @.meta WHERE key = $1"),
		putMeta:           in("INSERT INTO @.meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value"),
		dropMeta:          in("DELETE FROM @.meta WHERE key = $1"),
		identity:          in("SELECT (SELECT value FROM @.meta WHERE key = $1), (SELECT value FROM @.meta WHERE key = $2)"),
		finish:            in("UPDATE @.meta SET key = $1 WHERE key = $2 AND value = $3"),
		sealFunction:      in(sealFunction),
		sealTrigger:       in(sealTrigger),
		unsealTrigger:     in(unsealTrigger),
		insertFirst:       insert("", first),
		insertNext:        insert("", next),
		insertFirstFenced: insert(held("$13"), fenced),
		insertNextFenced:  insert(held("$14"), next, fenced),
		last:              in("SELECT " + recordColumns + " FROM @.record WHERE stream = $1 ORDER BY seq DESC LIMIT 1"),
		byID:              in("SELECT " + recordColumns + " FROM @.record WHERE stream = $1 AND id = $2"),
		stream:            in("SELECT " + recordColumns + " FROM @.record WHERE stream = $1 AND seq >= $2 ORDER BY seq"),
		heads: in(skipping + `SELECT r.` + strings.ReplaceAll(recordColumns, ", ", ", r.") + ` FROM s CROSS JOIN LATERAL
	(SELECT * FROM @.record WHERE stream = s.name ORDER BY seq DESC LIMIT 1) r WHERE s.name IS NOT NULL ORDER BY s.name`),
		streams:     in(skipping + "SELECT s.name FROM s WHERE s.name IS NOT NULL ORDER BY s.name"),
		lease:       in("SELECT holder, fence, beat, ttl, hash FROM @.lease WHERE name = $1"),
		leases:      in("SELECT name FROM @.lease ORDER BY name"),
		heldLeases:  in(someLeases + " AND holder <> ''"),
		everyLease:  in(someLeases + " ORDER BY name"),
		insertLease: in("INSERT INTO @.lease (name, holder, fence, beat, ttl, hash) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING clock_timestamp()"),
		updateLease: in("UPDATE @.lease SET holder = $2, fence = $3, beat = $4, ttl = $5, hash = $6 WHERE name = $1 AND holder = $7 AND fence = $8 AND beat = $9 AND ttl = $10 RETURNING clock_timestamp()"),
		query:       in("SELECT " + recordColumns + " FROM @.record"),
		sweep:       in("SELECT " + recordColumns + " FROM @.record ORDER BY stream, seq LIMIT $1"),
		sweepOn:     in("SELECT " + recordColumns + " FROM @.record WHERE (stream, seq) > ($1, $2) ORDER BY stream, seq LIMIT $3"),
	}
}

// someLeases takes a prefix and what is above it, as skipping does.
const someLeases = `SELECT name, holder, fence, beat, ttl, hash FROM @.lease WHERE name >= $1 AND ($2::text IS NULL OR name < $2 COLLATE "C")`

// skipping walks from one stream's name to the next by the index, so it costs a few
// steps per stream and not one per record. $1 is the prefix, $2 the first name that
// is above all with it, NULL where there is none. The first name is asked for as such and
// not by min: a server that knows the table as small makes that a look at all names, and
// keeps the plan.
const skipping = `
WITH RECURSIVE s (name) AS (
	SELECT (SELECT stream FROM @.record WHERE stream >= $1 AND ($2::text IS NULL OR stream < $2 COLLATE "C") ORDER BY stream LIMIT 1)
	UNION ALL
	SELECT (SELECT stream FROM @.record WHERE stream > s.name AND ($2::text IS NULL OR stream < $2 COLLATE "C") ORDER BY stream LIMIT 1) FROM s WHERE s.name IS NOT NULL
)
`
