"""What lessons that have not been written anew yet still break: these lists may only shrink.

Each entry is tested in both directions: what is not listed must be in order, and what is listed
must still be out of order. Whoever mends one takes it off.
"""

# test_rerun: cells that cannot run a second time after the lesson, by their first line
NOT_AGAIN = {
    "day5_shrinkage_blups": (
        # `names` is bound anew in §9, with five entries
        "by_hand, V = np.linalg.solve(left, right), mm.build_V_cs(sigma2_u, sigma2, schools.school)",
        # `pools` is bound anew in §14, by other subjects
        'fig, axes = plt.subplot_mosaic("abPP;cdPP", figsize=(9, 4.8))',
    ),
}

# test_glossary: terms whose first use in the course does not explain them, by that lesson
UNEXPLAINED = {
    "BLUE": "day5_shrinkage_blups",
    "SD": "day5_shrinkage_blups",
    "nested": "day4_reml_from_scratch",
}

# test_lesson_style: words of an older notation, by file
OLD_NOTATION = {
    "day4_reml_from_scratch": {"b_j for a random effect", "rows u and v"},
    "day5_shrinkage_blups": {"sigma_u for sigma_b"},
}

# test_lesson_style: how many lines of code are longer than 88 characters, by file
LONG_LINES = {
    "day4_reml_from_scratch": 58,
    "day5_shrinkage_blups": 45,
    "day4_exercises": 4,
    "day5_exercises": 10,
    "day4_solutions": 2,
    "day5_solutions": 10,
}
