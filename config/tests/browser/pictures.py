"""The pictures of the studio in docs/, taken of the demo that ./bin/dev serves on a new database.

./manage.py shell -c "from config.tests.browser import pictures; pictures.take()"
"""

from playwright.sync_api import sync_playwright

from config.cast import PASSWORD
from config.env import BASE_DIR
from config.tests.browser.conftest import FLAGS, executable
from config.tests.browser.visitor import Visitor

LAPTOP = {"width": 1280, "height": 720}


def take(site="http://127.0.0.1:8000"):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
        operator = Visitor(browser.new_page(base_url=site, viewport=LAPTOP, color_scheme="light"))
        operator.opens("/admin/accounts/user/")
        operator.fills(Email="olivia@example.com", Password=PASSWORD)
        operator.presses("Sign in")
        operator.sees("Users")
        operator.page.mouse.move(0, 0)
        operator.page.screenshot(path=BASE_DIR / "docs/studio.png")
        operator.opens("/admin/schema/")
        operator.page.locator(".diagram-drawing").screenshot(path=BASE_DIR / "docs/schema.png")
        browser.close()
