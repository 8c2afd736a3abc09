"""Ratings and targets of research houses as catalysts, point-in-time; pure: frames in, catalysts out."""

from __future__ import annotations

from backfolio.ratings.facts import Rated, as_frame, rated
from backfolio.ratings.merge import one_list

__all__ = ["Rated", "as_frame", "one_list", "rated"]
