-- The order of the stages; none for a project that was given up.
CREATE OR REPLACE FUNCTION welfare_project_rank(stage varchar) RETURNS integer AS $$
    SELECT array_position(
        ARRAY['initiation', 'approval', 'procurement', 'construction', 'acceptance',
              'handover', 'settlement', 'archiving', 'done'],
        stage::text
    )
$$ LANGUAGE sql IMMUTABLE;

-- Physical progress in percent: the newest measurement of each milestone, by weight.
CREATE OR REPLACE FUNCTION welfare_project_progress(p_project integer)
RETURNS numeric AS $$
BEGIN
    RETURN (
        SELECT COALESCE(SUM(milestone.weight * newest.percent) / 100, 0)
        FROM welfare_project_milestone milestone
        CROSS JOIN LATERAL (
            SELECT percent FROM welfare_project_measurement measurement
            WHERE measurement.milestone_id = milestone.id
            ORDER BY measurement.date DESC, measurement.id DESC LIMIT 1
        ) newest
        WHERE milestone.project_id = p_project
    );
END;
$$ LANGUAGE plpgsql STABLE;

-- The gates of a project's stage whose evidence is missing.
CREATE OR REPLACE FUNCTION welfare_project_missing(p_project integer, p_stage varchar)
RETURNS SETOF integer AS $$
BEGIN
    RETURN QUERY
    SELECT gate.id
    FROM welfare_project project
    JOIN welfare_project_gate gate
      ON gate.stage = p_stage AND gate.active
     AND gate.date_from <= project.date_start
     AND (gate.date_to IS NULL OR gate.date_to >= project.date_start)
     AND (project.is_supervised OR gate.is_supervised_only IS NOT TRUE)
     AND (
         NOT EXISTS (
             SELECT FROM welfare_project_gate_kind_rel kind WHERE kind.gate_id = gate.id
         )
         OR EXISTS (
             SELECT FROM welfare_project_gate_kind_rel kind
             WHERE kind.gate_id = gate.id AND kind.kind_id = project.kind_id
         )
     )
    LEFT JOIN welfare_project_requirement requirement
      ON requirement.project_id = project.id AND requirement.gate_id = gate.id
    WHERE project.id = p_project
      AND NOT CASE gate.evidence
          WHEN 'document' THEN
              requirement.date_document IS NOT NULL
              AND (gate.needs_signatory IS NOT TRUE
                   OR COALESCE(requirement.signatory, '') <> '')
              AND EXISTS (
                  SELECT FROM welfare_project_requirement_file_rel file
                  WHERE file.requirement_id = requirement.id
              )
          WHEN 'figure' THEN COALESCE(requirement.figure, 0) > 0
          WHEN 'estimate' THEN EXISTS (
              SELECT FROM welfare_project_estimate estimate
              WHERE estimate.project_id = project.id
          )
          WHEN 'milestones' THEN (
              SELECT COALESCE(SUM(milestone.weight), 0) = 100
              FROM welfare_project_milestone milestone
              WHERE milestone.project_id = project.id
          )
          WHEN 'progress' THEN welfare_project_progress(project.id) >= 100
          WHEN 'checklist' THEN EXISTS (
              SELECT FROM welfare_project_check item
              WHERE item.project_id = project.id
          ) AND NOT EXISTS (
              SELECT FROM welfare_project_check item
              WHERE item.project_id = project.id AND item.is_mandatory
                AND item.result IS DISTINCT FROM 'pass'
          )
          ELSE FALSE
      END;
END;
$$ LANGUAGE plpgsql STABLE;

-- A stage is completed with its evidence and its day, and not otherwise.
CREATE OR REPLACE FUNCTION welfare_project_step() RETURNS trigger AS $$
BEGIN
    IF OLD.is_supervised AND NEW.is_supervised IS NOT TRUE
       AND OLD.state <> 'initiation' THEN
        RAISE EXCEPTION 'welfare: project % keeps its supervision', OLD.id
            USING ERRCODE = 'check_violation';
    END IF;
    IF welfare_project_rank(NEW.state) > welfare_project_rank(OLD.state) AND (
        EXISTS (
            SELECT FROM welfare_project_gate gate
            WHERE gate.is_verified
              AND gate.id IN (SELECT welfare_project_missing(OLD.id, OLD.state))
        )
        OR NOT EXISTS (
            SELECT FROM welfare_project_date day
            WHERE day.project_id = OLD.id AND day.stage = OLD.state
              AND day.kind = 'actual'
        )
    ) THEN
        RAISE EXCEPTION 'welfare: stage % of project % lacks its evidence',
            OLD.state, OLD.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_project_step ON welfare_project;
CREATE TRIGGER welfare_project_step
    BEFORE UPDATE OF state, is_supervised ON welfare_project
    FOR EACH ROW EXECUTE FUNCTION welfare_project_step();

-- A facility is built by one project at a time, which also decides when it is accepted.
CREATE OR REPLACE FUNCTION welfare_project_builds(p_facility integer)
RETURNS SETOF integer AS $$
BEGIN
    RETURN QUERY
    SELECT project.id FROM welfare_project project
    JOIN welfare_project_facility_rel rel ON rel.project_id = project.id
    WHERE rel.facility_id = p_facility
      AND welfare_project_rank(project.state) <= welfare_project_rank('acceptance');
END;
$$ LANGUAGE plpgsql STABLE;

CREATE OR REPLACE FUNCTION welfare_project_facility_keep() RETURNS trigger AS $$
DECLARE
    project_state varchar;
BEGIN
    SELECT state INTO project_state FROM welfare_project
    WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.project_id ELSE NEW.project_id END;
    -- Nothing found: the project itself was deleted.
    IF project_state <> 'initiation' THEN
        RAISE EXCEPTION 'welfare: the facilities of a project are fixed'
            USING ERRCODE = 'check_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    -- Written, not only read: of two transactions that take a facility at the same time
    -- the second fails and tries again.
    UPDATE welfare_facility SET write_date = write_date WHERE id = NEW.facility_id;
    IF EXISTS (
        SELECT FROM welfare_project_builds(NEW.facility_id) AS other
        WHERE other <> NEW.project_id
    ) THEN
        RAISE EXCEPTION 'welfare: facility % belongs to a project already',
            NEW.facility_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql;

DROP TRIGGER IF EXISTS welfare_project_facility_keep ON welfare_project_facility_rel;
CREATE TRIGGER welfare_project_facility_keep
    BEFORE INSERT OR DELETE OR UPDATE ON welfare_project_facility_rel
    FOR EACH ROW EXECUTE FUNCTION welfare_project_facility_keep();
