WITH accepted AS (
    -- The day on which a project passed acceptance; the newest row counts.
    SELECT DISTINCT ON (day.project_id) day.project_id, day.date, place.parent_path
    FROM welfare_project_date day
    JOIN welfare_project project ON project.id = day.project_id
    JOIN welfare_region place ON place.id = project.region_id
    WHERE day.kind = 'actual' AND day.stage = 'acceptance'
      AND welfare_project_rank(project.state) > welfare_project_rank('acceptance')
    ORDER BY day.project_id, day.id DESC
), rule AS (
    -- What held at the place of each accepted project on that day.
    SELECT DISTINCT ON (accepted.project_id, rule.code)
           accepted.project_id, rule.id, rule.code,
           CASE WHEN rule.code LIKE '%%\_days' THEN accepted.date + rule.value::integer
                WHEN rule.code LIKE '%%\_months' THEN
                    (accepted.date + make_interval(months => rule.value::integer))::date
                WHEN rule.code LIKE '%%\_years' THEN
                    (accepted.date + make_interval(years => rule.value::integer))::date
           END AS date_due
    FROM accepted
    JOIN welfare_rule rule
      ON rule.active AND rule.state <> 'draft' AND rule.code LIKE 'project\_%%'
     AND rule.date_from <= accepted.date
     AND (rule.date_to IS NULL OR rule.date_to >= accepted.date)
    LEFT JOIN welfare_region place ON place.id = rule.jurisdiction_id
    WHERE place.id IS NULL OR accepted.parent_path LIKE place.parent_path || '%%'
    ORDER BY accepted.project_id, rule.code,
             LENGTH(COALESCE(place.parent_path, '')) DESC, rule.date_from DESC,
             rule.id DESC
), due AS (
    SELECT (project.id::bigint * 16 + stage.rank) * 4 AS id, 'stage' AS kind,
           project.id AS project_id, stage.code AS stage,
           NULL::integer AS milestone_id, NULL::integer AS gate_id,
           NULL::integer AS rule_id, planned.first AS date_first,
           planned.last AS date_due,
           CASE WHEN welfare_project_rank(project.state) > stage.rank
                THEN actual.last END AS date_done
    FROM welfare_project project
    CROSS JOIN (
        SELECT code, welfare_project_rank(code) AS rank
        FROM unnest(ARRAY['initiation', 'approval', 'procurement', 'construction',
                          'acceptance', 'handover', 'settlement', 'archiving']::varchar[])
             AS code
    ) stage
    CROSS JOIN LATERAL (
        SELECT (array_agg(date ORDER BY id))[1] AS first,
               (array_agg(date ORDER BY id DESC))[1] AS last
        FROM welfare_project_date
        WHERE project_id = project.id AND kind = 'plan'
          AND welfare_project_date.stage = stage.code
    ) planned
    CROSS JOIN LATERAL (
        SELECT (array_agg(date ORDER BY id DESC))[1] AS last
        FROM welfare_project_date
        WHERE project_id = project.id AND kind = 'actual'
          AND welfare_project_date.stage = stage.code
    ) actual
    WHERE planned.last IS NOT NULL OR actual.last IS NOT NULL
    UNION ALL
    SELECT milestone.id::bigint * 4 + 1, 'milestone', milestone.project_id,
           'construction', milestone.id, NULL, NULL, NULL, milestone.date_planned,
           milestone.date_actual
    FROM welfare_project_milestone milestone
    WHERE milestone.date_planned IS NOT NULL
    UNION ALL
    SELECT requirement.id::bigint * 4 + 2, 'clock', requirement.project_id, gate.stage,
           NULL, gate.id, rule.id, NULL, rule.date_due, requirement.date_document
    FROM welfare_project_requirement requirement
    JOIN welfare_project_gate gate ON gate.id = requirement.gate_id
    JOIN rule ON rule.project_id = requirement.project_id
             AND rule.code = gate.clock_code
    UNION ALL
    SELECT (rule.project_id::bigint * 65536 + rule.id) * 4 + 3, 'warranty',
           rule.project_id, NULL, NULL, NULL, rule.id, NULL, rule.date_due, NULL
    FROM rule
    WHERE rule.code LIKE 'project\_warranty\_%%'
)
SELECT due.*, project.region_id, project.user_id,
       COALESCE(due.date_done, %(today)s) - due.date_due AS days_late,
       COALESCE(
           due.kind <> 'warranty' AND due.date_done IS NULL
           AND project.state <> 'cancelled' AND due.date_due < %(today)s,
           FALSE
       ) AS is_late,
       CASE due.kind
           WHEN 'warranty' THEN COALESCE(due.date_due >= %(today)s, TRUE)
           ELSE due.date_done IS NULL AND project.state <> 'cancelled'
       END AS is_open
FROM due
JOIN welfare_project project ON project.id = due.project_id
