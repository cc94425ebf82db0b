import logging

from odoo import api, models
from odoo.tools import SQL

_logger = logging.getLogger(__name__)


class WelfareFundAccount(models.Model):
    """The proof that entries = balances = documents, asked each night."""

    _inherit = "welfare.fund.account"

    # === BUSINESS METHODS === #

    @api.model
    def _find_differences(self, date=None):
        """Prove that entries = balances = documents, and return where they are not.

        One query over the whole ledger. Up to a past day the documents are compared
        with the entries, allotments for each holder; today's balances with all entries.
        Entries without their document are found as well as documents without entries.

        :param datetime.date date: the day asked for; all days without it.
        :return: dicts with ``what``, ``id``, ``expected`` and ``found``.
        :rtype: list[dict]
        """
        self.env.flush_all()
        query = SQL(
            """
            WITH entry AS (
                SELECT * FROM welfare_fund_entry
                WHERE %(date)s::date IS NULL OR date <= %(date)s
            ), booked AS (
                SELECT entry.account_id,
                       ARRAY[SUM(entry.d_received),
                             COALESCE(SUM(entry.d_received) FILTER (
                                 WHERE COALESCE(original.kind, entry.kind)
                                       IN ('receive', 'reduce')
                             ), 0),
                             SUM(entry.d_sent), SUM(entry.d_carried),
                             SUM(entry.d_reserved), SUM(entry.d_committed),
                             SUM(entry.d_accrued), SUM(entry.d_paid)] AS sums
                FROM entry LEFT JOIN entry original ON original.id = entry.reverses_id
                GROUP BY entry.account_id
            ), document AS (
                SELECT res_model, res_id,
                       SUM(amount) FILTER (WHERE kind = 'receive') AS received,
                       SUM(amount) FILTER (WHERE kind = 'reduce') AS reduced
                FROM entry WHERE kind IN ('receive', 'reduce')
                GROUP BY res_model, res_id
            ), appropriation AS (
                SELECT id, amount_initial AS amount FROM welfare_appropriation
                WHERE state <> 'draft'
                  AND (%(date)s::date IS NULL
                       OR GREATEST(date, make_date(year, 1, 1)) <= %(date)s)
            ), adjustment AS (
                SELECT id, NULLIF(amount * (kind <> 'reduction')::int, 0) AS received,
                       NULLIF(amount * (kind <> 'supplement')::int, 0) AS reduced
                FROM welfare_appropriation_adjustment
                WHERE state <> 'draft' AND (%(date)s::date IS NULL OR date <= %(date)s)
            ), line AS (
                SELECT line.allotment_id, line.region_id,
                       COALESCE(line.facility_id, 0) AS facility_id,
                       SUM(line.amount) AS amount
                FROM welfare_allotment_line line
                JOIN welfare_allotment allotment ON allotment.id = line.allotment_id
                WHERE allotment.state <> 'draft'
                  AND (%(date)s::date IS NULL OR allotment.date <= %(date)s)
                GROUP BY line.allotment_id, line.region_id, line.facility_id
            ), moved AS (
                SELECT entry.res_id AS allotment_id, account.region_id,
                       COALESCE(account.facility_id, 0) AS facility_id,
                       SUM(entry.amount) AS amount
                FROM entry JOIN welfare_fund_account account
                    ON account.id = entry.account_id
                WHERE entry.res_model = 'welfare.allotment'
                  AND entry.kind IN ('arrive', 'give_back')
                GROUP BY entry.res_id, account.region_id, account.facility_id
            ), decided AS (
                SELECT line.carry_id, line.account_id, line.amount,
                       CASE line.action WHEN 'carry' THEN 'carry_out' ELSE 'lapse' END
                           AS kind
                FROM welfare_fund_carry_line line
                JOIN welfare_fund_carry carry ON carry.id = line.carry_id
                WHERE carry.state <> 'draft' AND line.action IN ('carry', 'lapse')
                  AND (%(date)s::date IS NULL OR carry.date <= %(date)s)
            ), carried AS (
                SELECT res_id AS carry_id, account_id, kind, SUM(amount) AS amount
                FROM entry
                WHERE res_model = 'welfare.fund.carry'
                  AND kind IN ('carry_out', 'lapse')
                GROUP BY res_id, account_id, kind
            ), reversible AS (
                SELECT 'welfare.allotment' AS res_model, id, state, date_reversed
                FROM welfare_allotment
                UNION ALL
                SELECT 'welfare.appropriation.adjustment', id, state, date_reversed
                FROM welfare_appropriation_adjustment
                UNION ALL
                SELECT 'welfare.fund.carry', id, state, date_reversed
                FROM welfare_fund_carry
            ), reversed AS (
                SELECT reversible.res_model, reversible.id,
                       CASE WHEN reversible.state = 'reversed' AND (
                           %(date)s::date IS NULL OR date_reversed <= %(date)s
                       ) THEN COUNT(*) ELSE 0 END AS expected,
                       COUNT(reversal.id) AS found
                FROM reversible
                JOIN entry ON entry.res_model = reversible.res_model
                    AND entry.res_id = reversible.id AND entry.kind <> 'reverse'
                LEFT JOIN entry reversal ON reversal.reverses_id = entry.id
                GROUP BY reversible.res_model, reversible.id, reversible.state,
                         date_reversed
            )
            SELECT 'account' AS what, account.id,
                   balance.sums::text, COALESCE(booked.sums, nothing.sums)::text
            FROM welfare_fund_account account
            CROSS JOIN LATERAL (
                SELECT ARRAY[account.received, account.granted, account.sent,
                             account.carried, account.reserved, account.committed,
                             account.accrued, account.paid] AS sums
            ) balance
            CROSS JOIN (SELECT array_fill(0::numeric, ARRAY[8]) AS sums) nothing
            LEFT JOIN booked ON booked.account_id = account.id
            WHERE %(date)s::date IS NULL
              AND balance.sums IS DISTINCT FROM COALESCE(booked.sums, nothing.sums)
            UNION ALL
            SELECT 'appropriation', COALESCE(appropriation.id, document.res_id),
                   appropriation.amount::text, document.received::text
            FROM appropriation FULL JOIN (
                SELECT * FROM document WHERE res_model = 'welfare.appropriation'
                AND received > 0
            ) document ON document.res_id = appropriation.id
            WHERE appropriation.amount IS DISTINCT FROM document.received
            UNION ALL
            SELECT 'adjustment', COALESCE(adjustment.id, document.res_id),
                   ARRAY[adjustment.received, adjustment.reduced]::text,
                   ARRAY[document.received, document.reduced]::text
            FROM adjustment FULL JOIN (
                SELECT * FROM document
                WHERE res_model = 'welfare.appropriation.adjustment'
            ) document ON document.res_id = adjustment.id
            WHERE (adjustment.received, adjustment.reduced)
                  IS DISTINCT FROM (document.received, document.reduced)
            UNION ALL
            SELECT 'allotment', COALESCE(line.allotment_id, moved.allotment_id),
                   line.amount::text, moved.amount::text
            FROM line FULL JOIN moved USING (allotment_id, region_id, facility_id)
            WHERE line.amount IS DISTINCT FROM moved.amount
            UNION ALL
            SELECT 'carry', carry_id, decided.amount::text, carried.amount::text
            FROM decided FULL JOIN carried USING (carry_id, account_id, kind)
            WHERE decided.amount IS DISTINCT FROM carried.amount
            UNION ALL
            SELECT 'reversal of ' || res_model, id, expected::text, found::text
            FROM reversed
            WHERE expected <> found
            """,
            date=date or None,
        )
        names = ("what", "id", "expected", "found")
        return [
            dict(zip(names, row, strict=True)) for row in self.env.execute_query(query)
        ]

    @api.model
    def _cron_prove_books(self):
        """Prove the books each night, and raise an alarm where they do not agree."""
        differences = self._find_differences()
        if not differences:
            return
        for difference in differences:
            _logger.critical("The fund ledger does not agree: %s", difference)
        officers = self.env.ref("welfare_facility.welfare_group_finance").all_user_ids
        auditors = self.env.ref("welfare_facility.welfare_group_auditor").all_user_ids
        for user in officers | auditors:
            user.partner_id.activity_schedule(
                "mail.mail_activity_data_warning",
                summary=self.env._("The fund ledger does not agree"),
                note="\n".join(map(str, differences)),
                user_id=user.id,
            )
