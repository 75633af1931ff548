"""A fleet over several processes and machines: the same agent in each worker of a Dask cluster.

``engine.ClusterEngine`` is what the command line uses. Dask (extra ``cluster``) is its cluster layer only, and is
imported nowhere else: ``link`` (questions to workers), ``plugin`` (what runs in them), ``local_cluster`` and
``worker_process`` (``--workers``). The decisions are ours and know nothing of it: ``assignment`` (who runs what),
``lease`` (how long without being heard), ``figures`` (totals), ``offset`` (clocks), ``packing`` (plans on their way).
"""

from station.fleet.cluster.engine import ClusterEngine

__all__ = ["ClusterEngine"]
