# SPDX-License-Identifier: BSD-2-Clause
"""
The manual as web pages: ``make docs`` has Sphinx make them of the Markdown beside this file.

They need no network, neither while they are made nor in a browser, from a file as well. A warning
of Sphinx, a link that leads nowhere among them, is an error.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from dtkit.version import __version__  # noqa: E402

project = "dtkit"
author = "the dtkit authors"
project_copyright = "the dtkit authors, BSD-2-Clause"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "generated"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["man"]
# Two hyphens are an option, and no dash.
smartquotes = False

#: Headings can be linked to, as on the pages of a repository: ``trace.md#tables``.
myst_heading_anchors = 4

autodoc_typehints = "description"
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
#: Headings name what there is; an entry for each member would hide them.
toc_object_entries = False
autodoc_default_options = {"members": True}
highlight_language = "none"

html_theme = "furo"
html_title = f"dtkit {version}"
html_static_path = ["static"]
html_css_files = ["manual.css"]
html_copy_source = False
html_show_sphinx = False
# A summary would be fetched, which no browser does from a file.
html_show_search_summary = False
html_last_updated_fmt = None
html_theme_options = {"navigation_with_keys": True}
