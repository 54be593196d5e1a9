"""The documentation as one static site, and the pictures of the README.

The three commands, and the files in the order in which a site is made:

    python -m website build       build/site, from README.md, docs/ and the program; `make docs`
    python -m website links       lists the links to elsewhere and asks for each; needs a network
    python -m website pictures    docs/images: the demo's table, page, map and curves

    navigation.py      which pages there are, by what a reader wants
    staging.py         lays the pages out as the repository has them, so that links are the same
    command_pages.py   a page for every command, from the program's own help
    python_page.py     a page of every public name of the package, from docstrings
    conf.py, static/   settings of Sphinx, which makes the site
    pictures.py        runs the demo and takes its pictures
"""
