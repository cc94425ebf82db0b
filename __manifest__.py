{
    "name": "Welfare Facilities",
    "summary": "Children's homes and welfare institutions of civil-affairs bureaus: "
    "register, ledgers, coverage against targets",
    "version": "19.0.0.1.0",
    "category": "Government/Welfare Facilities",
    "author": "Welfare Facility Maintainers",
    "license": "LGPL-3",
    "depends": ["mail"],
    "external_dependencies": {
        "python": ["openpyxl", "reportlab", "xlrd", "XlsxWriter"],
    },
    "data": [
        # access
        "security/welfare_groups.xml",
        "security/ir.model.access.csv",
        "security/welfare_region_security.xml",
        "security/welfare_facility_security.xml",
        "security/welfare_fund_security.xml",
        # rules that every stage reads
        "data/res_currency_data.xml",
        "data/welfare.workday.exception.csv",
        "data/welfare_workday_exception_data.xml",
        "views/welfare_workday_exception_views.xml",
        "data/welfare_import_column_data.xml",
        "views/welfare_import_column_views.xml",
        # 1 region
        "data/welfare_region_data.xml",
        "views/welfare_region_views.xml",
        "wizards/welfare_region_import_views.xml",
        # 2 facility
        "data/welfare_facility_type_data.xml",
        "data/welfare_coverage_measure_data.xml",
        "reports/welfare_coverage_report.xml",
        "reports/welfare_facility_report.xml",
        "views/welfare_facility_type_views.xml",
        "views/welfare_facility_views.xml",
        "wizards/welfare_facility_transition_views.xml",
        "views/welfare_facility_import_views.xml",
        "views/welfare_coverage_views.xml",
        "views/welfare_coverage_measure_views.xml",
        "views/welfare_coverage_target_views.xml",
        # 4 funding
        "data/welfare_fiscal_year_data.xml",
        "data/welfare_fund_data.xml",
        "views/welfare_fiscal_year_views.xml",
        "views/welfare_fund_classification_views.xml",
        "views/welfare_fund_source_views.xml",
        "views/welfare_fund_account_views.xml",
        "views/welfare_fund_entry_views.xml",
        "views/welfare_appropriation_views.xml",
        "views/welfare_allotment_views.xml",
        # people
        "views/res_users_views.xml",
        "wizards/welfare_user_access_views.xml",
        # menus last: they name the actions of every stage
        "views/welfare_menus.xml",
    ],
    "demo": [
        "demo/res_company_demo.xml",
        "demo/welfare.region.csv",
        "demo/res_users_demo.xml",
        "demo/welfare_facility_import_demo.xml",
        "demo/welfare_coverage_target_demo.xml",
        "demo/welfare_appropriation_demo.xml",
        "demo/welfare_allotment_demo.xml",
    ],
    "assets": {
        "web.assets_backend": ["welfare_facility/static/src/**/*"],
        "web.assets_tests": ["welfare_facility/static/tests/tours/**/*"],
    },
    "uninstall_hook": "uninstall_hook",
    "application": True,
}
