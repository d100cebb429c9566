"""A graph of rooms, ports, buses, cables and clouds (plain records) becomes text: a drawing, a page, or a graph language."""
