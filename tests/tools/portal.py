"""Opens the portal as people do: follows a figure to its records, hands a file in without a script, and has every kind of page
checked for accessibility.

  portal.py URL FOLDER AXE     the portal, a folder for what the pages are, and axe.min.js

Exits 1 with what is wrong. Each page that was looked at is in FOLDER as HTML, and with --pictures as PNG.
"""

import json
import shutil
import sys
import time
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

BASE, FOLDER, AXE = sys.argv[1].rstrip("/"), Path(sys.argv[2]), Path(sys.argv[3]).read_text(encoding="utf-8")
PICTURES = "--pictures" in sys.argv
MAX_PAGE = 200_000
# Every kind of page, without its language.
PAGES = {
    "overview": "/",
    "explorer": "/explore",
    "section": "/explore?section=poverty",
    "nothing-found": "/explore?q=zzzz",
    "breakdown": "/explore/training.people?by=county",
    "dimension": "/explore/donation.amount?dimension=purpose",
    "indicator": "/indicators/poverty.people",
    "contradictions": "/contradictions",
    "relations": "/contradictions?show=all",
    "editions": "/editions",
    "submissions": "/submissions",
    "datasets": "/datasets",
    "dataset": "/datasets/fund_flow",
    "area": "/areas/500101",
    "upload": "/upload",
    "missing": "/indicators/nothing",
    "broken": "/explore?period=never",
}

wrong: list[str] = []


def watched(page):
    """Nothing may go wrong in the console, and nobody else may be asked."""
    page.on("console", lambda m: m.type == "error" and "status of 4" not in m.text and wrong.append(f"{page.url}: console: {m.text}"))
    page.on("pageerror", lambda e: wrong.append(f"{page.url}: {e}"))
    page.on("request", lambda r: r.url.startswith(BASE) or wrong.append(f"{page.url} asks {r.url}"))
    return page


def figure_to_record(browser):
    page = watched(browser.new_context(locale="en-GB").new_page())
    page.goto(BASE)
    expect(page).to_have_url(f"{BASE}/en/")
    expect(page.get_by_role("heading", level=1)).to_have_text("The programme at a glance")
    shown = page.locator("table a.figure").first
    value = shown.inner_text()
    shown.click()
    expect(page.locator("p.value")).to_contain_text(value)
    expect(page.get_by_text("Recomputed now: equal")).to_be_visible()
    address = page.url
    page.get_by_role("link", name="中文").click()
    expect(page).to_have_url(address.replace("/en/", "/zh/"))
    expect(page.get_by_text("刚刚重新计算：一致")).to_be_visible()
    page.locator("section table tbody a").first.click()
    expect(page.get_by_text("报送单位")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_text("跳到正文")).to_be_focused()
    return address.removeprefix(f"{BASE}/en")


def explorer_without_script(browser):
    page = watched(browser.new_context(java_script_enabled=False).new_page())
    page.goto(f"{BASE}/en/explore")
    page.get_by_label("Search").fill("training")
    page.get_by_role("button", name="Show").click()
    page.get_by_role("link", name="Attendances at employment training", exact=True).click()
    expect(page.locator("table tbody tr").nth(10)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    rows = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    if len(rows) - 1 != page.locator("table tbody tr").count():
        wrong.append(f"the CSV has {len(rows) - 1} rows, the page {page.locator('table tbody tr').count()}")


def hand_in(browser):
    """A file with wrong rows: tried, its rejected rows downloaded and corrected, and both handed in."""
    page = watched(browser.new_context(java_script_enabled=False).new_page())
    head = "活动编号,日期,类型,地区代码,名称\n"
    first = FOLDER / "活动.csv"
    first.write_text(head + "portal-1,2011-05-02,展览,500101,一\nportal-2,2011-13-01,展览,500101,二\nportal-3,2011-06-01,无此类型,500101,三\n", encoding="utf-8")

    def send(path):
        page.goto(f"{BASE}/zh/upload?dataset=event&area=500101&period=2011")
        page.get_by_label("报送单位").fill("万州区扶贫办")
        page.get_by_label("文件", exact=True).set_input_files(path)
        page.get_by_role("button", name="试报").click()
        page.wait_for_url("**/uploads/*")
        for _ in range(50):
            if page.locator("progress").count() == 0:
                return
            time.sleep(0.1)
            page.reload()
        wrong.append("a trial of three rows takes longer than five seconds")

    send(first)
    expect(page.get_by_text("可入库1行，退回2行")).to_be_visible()
    expect(page.locator("table tbody tr").first).to_contain_text("2011-13-01")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载退回的行及原因").click()
    rejected = Path(download.value.path()).read_text(encoding="utf-8-sig")
    page.get_by_role("button", name="正式报送1行").click()
    for _ in range(50):
        if page.get_by_text("已入库1行").count():
            break
        time.sleep(0.1)
        page.reload()
    expect(page.get_by_text("已入库1行")).to_be_visible()
    # The rejected rows come with their reasons, in the file's own words, and are sent again once they are right.
    second = FOLDER / "活动.改.csv"
    second.write_text(rejected.replace("2011-13-01", "2011-12-01").replace("无此类型", "展览"), encoding="utf-8")
    send(second)
    expect(page.get_by_text("可入库2行，退回0行")).to_be_visible()
    page.get_by_role("button", name="正式报送2行").click()
    for _ in range(50):
        if page.get_by_text("已入库2行").count():
            break
        time.sleep(0.1)
        page.reload()
    page.get_by_role("link", name="查看报送记录").click()
    expect(page.get_by_text("收到2，入库2，退回0")).to_be_visible()
    # The same file again is nothing new.
    send(second)
    expect(page.get_by_role("heading", level=1)).to_have_text("该文件此前已报送")


def several_faults(browser):
    """A form with several faults names each beside its field, and keeps what was typed."""
    page = watched(browser.new_context(bypass_csp=True).new_page())
    page.goto(f"{BASE}/en/upload")
    page.get_by_label("Area that").fill("Wanzhou")
    page.get_by_label("Period", exact=True).fill("last year")
    page.get_by_label("Who sends it").fill("Wanzhou")
    # Browsers refuse empty fields by themselves; programs that fill forms in do not.
    page.locator("form.upload").evaluate("form => { form.noValidate = true }")
    page.get_by_role("button", name="Try the file").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Correct the form")
    if page.locator(".faults li").count() != 4:
        wrong.append(f"four faults, told: {page.locator('.faults').inner_text()}")
    expect(page.get_by_label("Who sends it")).to_have_value("Wanzhou")
    expect(page.locator("#area")).to_have_attribute("aria-describedby", "area-fault area-hint")
    (FOLDER / "faults-en.html").write_text(page.content(), encoding="utf-8")
    page.evaluate(AXE)
    found = page.evaluate("axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })")
    wrong.extend(f"form with faults: {violation['help']}" for violation in found["violations"])


def verified_edition(browser, edition):
    """An edition is computed again, with how far that is; its pages by name."""
    page = watched(browser.new_context(java_script_enabled=False).new_page())
    page.goto(f"{BASE}/en{edition}")
    page.get_by_role("button", name="Compute every figure again").click()
    page.wait_for_url("**/verification")
    for _ in range(600):
        if page.get_by_text("all are equal").count():
            break
        time.sleep(0.2)
        page.reload()
    expect(page.get_by_text("all are equal")).to_be_visible()
    page.goto(f"{BASE}/en{edition}")
    page.get_by_role("link", name="What its figures are now").click()
    page.get_by_role("link", name="page", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Errata")
    return {"verification": edition + "/verification", "comparison": edition + "/comparison"}


def every_page(browser, more):
    """Every kind of page: within its weight, accessible in both languages, light and dark, on a narrow screen too."""
    ways = [("en", "light", 1200), ("zh", "dark", 390)]
    if PICTURES:
        ways += [("zh", "light", 1200), ("en", "dark", 390)]
    for language, scheme, width in ways:
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True)
        page = context.new_page()
        for name, path in (PAGES | more).items():
            answer = page.goto(f"{BASE}/{language}{path}")
            if answer.status >= 500:
                wrong.append(f"{path}: {answer.status}")
            weight = len(answer.body())
            if weight > MAX_PAGE:
                wrong.append(f"{path}: {weight} bytes, more than {MAX_PAGE}")
            (FOLDER / f"{name}-{language}.html").write_text(answer.text(), encoding="utf-8")
            if PICTURES:
                page.screenshot(path=FOLDER / f"{name}-{language}-{scheme}-{width}.png", full_page=False)
            if width < page.evaluate("document.documentElement.scrollWidth"):
                wrong.append(f"{path}: wider than a screen of {width} points")
            page.evaluate(AXE)
            found = page.evaluate("axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })")
            for violation in found["violations"]:
                nodes = [node["target"] for node in violation["nodes"][:3]]
                wrong.append(f"{language}{path} ({scheme}): {violation['id']}: {violation['help']} {json.dumps(nodes, ensure_ascii=False)}")
        context.close()


with sync_playwright() as playwright:
    chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
    evidence = figure_to_record(chromium)
    explorer_without_script(chromium)
    hand_in(chromium)
    several_faults(chromium)
    editions = {}
    page = chromium.new_page()
    page.goto(f"{BASE}/en/editions")
    if page.locator("tbody th a").count():
        editions = {"edition": page.locator("tbody th a").first.get_attribute("href").removeprefix("/en")}
        editions |= verified_edition(chromium, editions["edition"])
    page.goto(f"{BASE}/en/submissions")
    submission = page.locator("main tbody th a").first.get_attribute("href").removeprefix("/en")
    every_page(chromium, {"figure": evidence, "submission": submission} | editions)
    chromium.close()

print("\n".join(wrong))
sys.exit(1 if wrong else 0)
