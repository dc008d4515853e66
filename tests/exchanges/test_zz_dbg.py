def test_x(scene):
    from access.models import Membership

    print(list(Membership.objects.filter(user=scene.cast.north.president).values()), scene.cast.north.president.pk)
    print(Membership.objects.count())
    from tests import factories

    factories.tranche_at(scene, "awaiting_final_sign_off")
    print(list(Membership.objects.filter(user=scene.cast.north.president).values("role")))
    assert 0
